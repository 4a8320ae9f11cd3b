import dayjs from "dayjs";

/** The browser's zone as an operator reads it: `Asia/Shanghai, UTC+08:00`. */
export function zoneName(at: number = Date.now()): string {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const offset = zoneOffset(at);
  return name === "UTC" ? offset : `${name}, ${offset}`;
}

/** The zone's offset at a time: `UTC+08:00`. */
export function zoneOffset(at: number = Date.now()): string {
  const minutes = dayjs(at).utcOffset();
  if (minutes === 0) return "UTC";
  const pad = (n: number) => String(n).padStart(2, "0");
  const sign = minutes < 0 ? "-" : "+";
  return `UTC${sign}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
}

/** Local time to the second. */
export function localTime(at: number): string {
  return dayjs(at).format("YYYY-MM-DD HH:mm:ss");
}

/** Time elapsed, in its largest two units: `3 d 4 h`, `12 s`, `85 ms`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = Math.floor(ms / 1000);
  if (s < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${s} s`;
  if (s < 3600) return join(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86_400) return join(Math.floor(s / 3600), "h", Math.floor(s / 60) % 60, "min");
  return join(Math.floor(s / 86_400), "d", Math.floor(s / 3600) % 24, "h");
}

function join(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}
