import { seeded } from "../support/seeded.ts";

/** What is done to the server and its database, one at a time. */
export const SERVER_BLOWS = [
  "kill", // SIGKILL of the server, and a new one
  "drain", // SIGTERM, and a new one
  "pause", // SIGSTOP, SIGCONT
  "postgres", // Postgres restarted at once (`immediate`)
  "terminate", // pg_terminate_backend for every connection of the server
  "pool", // no connection left in Postgres, and the server's terminated
  "stall", // the log's table is locked: commits wait
] as const;

/** What is done to sockets, apps and callers. */
export const CLIENT_BLOWS = [
  "cut", // a share of the sockets
  "cutAll",
  "hold", // bytes of a share of the sockets held back, one way or both
  "move", // a phone goes to its other user, or is logged out
  "restart", // an app starts again
  "upgrade", // an app starts again with a newer version
  "background",
  "foreground",
  "repeat", // pushes that were accepted are posted again
] as const;

export type ServerBlow = typeof SERVER_BLOWS[number];
export type ClientBlow = typeof CLIENT_BLOWS[number];

/** `at`: ms since the start. `dice`: numbers in [0, 1) that say how hard, and whom. */
export type Blow<T> = { readonly at: number; readonly what: T; readonly dice: readonly [number, number, number] };

export type Schedule = {
  readonly server: readonly Blow<ServerBlow>[];
  readonly client: readonly Blow<ClientBlow>[];
};

export type ScheduleOptions = {
  seed: number;
  ms: number;
  /** @default all of them */
  server?: readonly ServerBlow[];
  /** @default by the length of the run: all kinds come within half a minute, and at most one in 9 s */
  everyMs?: number;
};

/** The blows of a run. They come shuffled, but each kind as often as any other. */
export function scheduleOf(options: ScheduleOptions): Schedule {
  const { seed, ms, server = SERVER_BLOWS } = options;
  const { everyMs = Math.min(9_000, Math.max(3_000, ms / (server.length + 2))) } = options;
  const random = seeded(seed ^ 0x5eed);
  return {
    server: spread(server, { ms, everyMs }, random),
    client: spread(CLIENT_BLOWS, { ms, everyMs: Math.min(2_000, Math.max(400, ms / 100)) }, random),
  };
}

function spread<T>(kinds: readonly T[], pace: { ms: number; everyMs: number }, random: () => number): Blow<T>[] {
  const blows: Blow<T>[] = [];
  let deck: T[] = [];
  for (let at = pace.everyMs * 0.7; at < pace.ms; at += pace.everyMs * (0.7 + 0.6 * random())) {
    if (deck.length === 0) deck = shuffled(kinds, random);
    blows.push({ at: Math.round(at), what: deck.pop()!, dice: [random(), random(), random()] });
  }
  return blows;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}
