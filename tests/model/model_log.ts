import { DAY, type ModelConfig, type ModelOp, type Target } from "./state.ts";

/** Rows without payload stay so long (PER-1). */
const ROW_DAYS = 30;

/** The log of the model: which ops are there, for whom, and for how long. */
export class ModelLog {
  readonly #streams = new Map<string, ModelOp[]>();
  readonly #heads = new Map<string, number>();
  readonly #targets = new Map<string, Target>();

  constructor(readonly configs: ReadonlyMap<string, ModelConfig>, readonly now: () => number) {}

  ops(biz: string, owner: string): ModelOp[] {
    return this.#streams.get(`${biz} ${owner}`) ?? [];
  }

  op(biz: string, owner: string, id: number): ModelOp | undefined {
    return this.ops(biz, owner).find((op) => op.id === id);
  }

  head(biz: string, owner: string): number {
    return this.#heads.get(`${biz} ${owner}`) ?? 0;
  }

  streams(): { biz: string; owner: string; ops: ModelOp[] }[] {
    return [...this.#streams].map(([key, ops]) => {
      const [biz, owner] = key.split(" ") as [string, string];
      return { biz, owner, ops };
    });
  }

  pushed(biz: string, owner: string, op: ModelOp): void {
    const key = `${biz} ${owner}`;
    this.#streams.set(key, [...this.ops(biz, owner), op]);
    this.#heads.set(key, op.id);
  }

  /** `device`: "" where the subject is the device, or where the whole user is the target. */
  target(biz: string, subject: string, device: string): Target {
    const key = `${biz} ${subject} ${device}`;
    const known = this.#targets.get(key);
    if (known) return known;
    const made: Target = { owed: new Set(), discarded: new Set(), waiting: new Set(), point: 0 };
    this.#targets.set(key, made);
    return made;
  }

  alive(op: ModelOp, biz: string): boolean {
    return Math.min(op.expires, op.at + this.configs.get(biz)!.retentionDays * DAY) > this.now();
  }

  /** Whether the op is there for this target now. */
  kept(biz: string, owner: string, op: ModelOp, target: Target): boolean {
    if (op.dropped || !this.alive(op, biz) || target.discarded.has(op.id)) return false;
    const { threshold } = this.configs.get(biz)!;
    return threshold === null || target.waiting.has(op.id) || this.ops(biz, owner).slice(-threshold).includes(op);
  }

  /** THR-1: the newest N are kept, and what was sent and not answered. */
  enforceThresholds(): void {
    for (const { biz, owner, ops } of this.streams()) {
      const { threshold } = this.configs.get(biz)!;
      if (threshold === null) continue;
      for (const op of ops.slice(0, -threshold)) {
        if (this.alive(op, biz) && !this.#isWaitedFor(biz, owner, op.id)) op.dropped = true;
      }
    }
  }

  /** PER-1: rows go after 30 days, but for the newest, which remembers the head. */
  forgetOld(): void {
    for (const [key, ops] of this.#streams) {
      const kept = ops.filter((op, index) => op.at + ROW_DAYS * DAY > this.now() || index === ops.length - 1);
      this.#streams.set(key, kept);
    }
  }

  #isWaitedFor(biz: string, owner: string, id: number): boolean {
    return [...this.#targets].some(([key, target]) => {
      const [ofBiz, subject] = key.split(" ");
      return ofBiz === biz && (owner === "" || subject === owner) && target.waiting.has(id);
    });
  }
}
