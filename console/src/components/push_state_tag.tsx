import type { PushState } from "../api/pushes.ts";
import { useMessages } from "../i18n/provider.tsx";
import { StatusTag, type Tone } from "./status_tag.tsx";

const TONES: Record<PushState, Tone> = {
  arrived: "good",
  sent: "busy",
  pending: "idle",
  expired: "idle",
  filtered: "warn",
  threshold: "warn",
  discarded: "bad",
};

/** What became of a push, in a word. */
export function PushStateTag({ state }: { state: PushState }) {
  const t = useMessages();
  return (
    <span title={t.status.stateHelp[state]}>
      <StatusTag tone={TONES[state]}>{t.status.states[state]}</StatusTag>
    </span>
  );
}
