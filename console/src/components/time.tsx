import { useCallback } from "react";
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

/** A column's titles for times: with the zone where there is room. */
export function useTimeTitle(): (label: string) => { title: string; narrowTitle: string } {
  const t = useMessages();
  return useCallback(
    (label) => ({ title: t.common.timeWithZone(label, zoneOffset()), narrowTitle: label }),
    [t],
  );
}
