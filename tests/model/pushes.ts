import assert from "node:assert/strict";
import type { Filter } from "./state.ts";
import type { World } from "./world.ts";

/** What becomes of the hints of a push on their way to the actors (STR-3). */
export type Hint = "kept" | "lost" | "twice" | "swapped";

/** Pushes to the real server, and tells the model what was stored. */
export class Pushes {
  readonly #world: World;
  #mids = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Pushes once for each hint, at once, and tells the model what was stored. */
  async one(biz: string, owner: string, filter: Filter, validMs: number | null, hint: Hint): Promise<void> {
    const { clock } = this.#world.bench;
    const config = this.#world.model.configs.get(biz)!;
    const validTimeEnd = validMs === null ? undefined : clock.now() + validMs;
    const bodies = Array.from({ length: hint === "swapped" && config.persistent ? 2 : 1 }, () => ({
      bizType: biz,
      linkToken: owner,
      thirdMsgId: `m-${++this.#mids}`,
      payload: "p",
      osType: filter.os,
      appMinVersion: filter.min?.toString(),
      appMaxVersion: filter.max?.toString(),
      validTimeEnd,
    }));
    const eligible = this.#world.model.eligible(biz, owner, filter);
    const restore = this.#spoil(hint);
    const answers = await Promise.all(bodies.map((body) => this.#post(config.scope, body)));
    restore();
    if (!config.online) return answers.forEach((answer) => assert.equal(answer, "BIZ_NOT_ONLINE"));
    if (config.scope === "single" && (hint === "kept" || hint === "twice")) {
      assert.deepEqual(answers, [eligible ? "SUCCESS" : "NOT_ONLINE"]);
    }
    if (!config.persistent) return this.#world.model.volatile(biz, owner, filter, bodies[0]!.thirdMsgId);
    const rows = await this.#stored(biz, bodies.map((body) => body.thirdMsgId));
    const subject = config.scope === "global" ? "" : owner;
    for (const row of rows) {
      assert.ok(row.id > this.#world.model.log.head(biz, subject), "ids rise");
      this.#world.model.log.pushed(biz, subject, { ...row, ...filter });
      // each is decided on by itself: a threshold may drop the first before the second is there
      if (rows.length === 1) this.#world.model.settle();
    }
    if (hint === "lost") await this.#world.services.housekeeping.findLostHints();
  }

  /** Pushes at once; the returned function waits for the answers and tells the model what was stored. */
  many(biz: string, owner: string, count: number): () => Promise<void> {
    const mids = Array.from({ length: count }, () => `m-${++this.#mids}`);
    const { scope, online } = this.#world.model.configs.get(biz)!;
    const answers = Promise.all(
      mids.map((thirdMsgId) => this.#post(scope, { bizType: biz, linkToken: owner, thirdMsgId, payload: "p" })),
    );
    return async () => {
      const accepted = (await answers).every((answer) => answer === "SUCCESS" || answer === "NOT_ONLINE");
      assert.equal(accepted, online);
      if (online) { for (const op of await this.#stored(biz, mids)) this.#world.model.log.pushed(biz, owner, op); }
    };
  }

  async #stored(biz: string, mids: string[]) {
    const rows = await this.#world.services.sql<{ id: number; mid: string; at: number; expires: number }[]>`
      select id, mid, at, valid_until as expires from op
      where config = ${this.#world.configNo(biz)} and mid = any (${mids}) order by id`;
    assert.equal(rows.length, mids.length, "accepted and not stored");
    return rows.map((row) => ({ ...row, dropped: false }));
  }

  async #post(scope: string, body: object): Promise<string> {
    const { url } = this.#world.bench.server;
    const response = await fetch(`${url}/webapi/sync/${scope}?instanceId=${this.#world.instanceId}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return (await response.json()).msg;
  }

  /** Loses, repeats or swaps the hints of the next pushes (STR-3). */
  #spoil(hint: Hint): () => void {
    const { registry } = this.#world.services;
    const deliver = registry.deliver.bind(registry);
    const held: Parameters<typeof deliver>[] = [];
    if (hint === "lost") registry.deliver = () => false;
    if (hint === "twice") registry.deliver = (...args) => deliver(...args) && deliver(...args);
    if (hint === "swapped") {
      registry.deliver = (...args) => {
        held.push(args);
        if (held.length === 2) { for (const late of held.toReversed()) deliver(...late); }
        return false;
      };
    }
    return () => Reflect.deleteProperty(registry, "deliver");
  }
}
