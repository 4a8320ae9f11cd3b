/** What the load generator is asked for: pushes over REST, each caller waiting for its answer. Loopback only. */
export type Load = {
  port: number;
  path: string;
  callers: number;
  /** How long new pushes are made, s. */
  seconds: number;
  /** Number of the first push: the user and the `thirdMsgId` follow from it. */
  first: number;
  users: number;
  /** Prefix of each `thirdMsgId`. */
  run: string;
};

/** `p50` and `p99` in ms, `generatorCpu` in s. */
export type LoadResult = { count: number; perSecond: number; p50: number; p99: number; generatorCpu: number };

/** The body of a push: ASCII, of usual size. */
export function bodyOf({ run, users }: Pick<Load, "run" | "users">, n: number): string {
  return `{"bizType":"UCHAT","linkToken":"user-${
    n * 7919 % users
  }","thirdMsgId":"${run}-${n}","payload":"hello from ${n}, a message of usual size"}`;
}

/** Runs a load generator in a process of its own. @throws when an answer is not a success. */
export async function generate(load: Load): Promise<LoadResult> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("load_process.ts", import.meta.url).pathname, JSON.stringify(load)],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot measure: the load generator failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The value below which the share `q` of them lies; NaN of none. */
export function quantile(times: readonly number[], q: number): number {
  const sorted = Float64Array.from(times).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}
