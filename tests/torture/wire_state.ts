import type { Op, Scope } from "../../src/protocol.ts";

export type WireEvents = {
  /** An op came that never came before. */
  arrived: (about: { scope: Scope; biz: string; subject: string; op: Op; late: boolean }) => void;
  /** It was acknowledged. */
  acked: (about: { biz: string; subject: string; id: number }) => void;
  /** The server did what the protocol does not allow. */
  problem: (what: string) => void;
  /** Whether this op is never acknowledged. */
  withholds: (op: Op) => boolean;
};

/** What is kept of one stream, over all connections. */
export type Kept = { point: number; seen: Set<number>; acked: Set<number> };
/** What one connection knows of a stream: the ids that it carried, those to acknowledge, those that came late. */
export type Live = {
  cursor: number;
  acked: number;
  /** `settled`: acknowledged, and the server knows. */
  carried: Map<number, "open" | "acked" | "settled">;
  open: Set<number>;
  late: Set<number>;
};

export type Binding = { userId: string | null; n: number; pending: boolean };

export const ofUser = (scope: Scope) => scope === "user" || scope === "globalUser";

export const newKept = (): Kept => ({ point: 0, seen: new Set(), acked: new Set() });

export const newLive = (point: number): Live => ({
  cursor: point,
  acked: point,
  carried: new Map(),
  open: new Set(),
  late: new Set(),
});
