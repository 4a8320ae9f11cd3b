import { localTime, zoneOffset } from "../app/time.ts";
import { useMessages } from "../i18n/provider.tsx";

/** A time of the server, in the browser's zone; the exact moment is in the tooltip. */
export function Time({ at }: { at: number | null | undefined }) {
  if (at === null || at === undefined) return <span className="muted">–</span>;
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={`${localTime(at)} ${zoneOffset(at)} · ${iso}`} className="time">{localTime(at)}</time>
  );
}

/** A column title for times: names the zone. */
export function useTimeTitle(): (label: string) => string {
  const t = useMessages();
  return (label) => t.common.timeWithZone(label, zoneOffset());
}
