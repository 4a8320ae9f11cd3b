import assert from "node:assert/strict";
import { MAX_RETRIES } from "./fixture.ts";
import { PATIENCE } from "./patience.ts";
import type { Phone } from "./phone.ts";
import type { ModelAck, ModelLane, ModelSession } from "./state.ts";
import type { World } from "./world.ts";

/** Says whether what the phones saw is what the model says. */
export class Judge {
  readonly #world: World;
  /** Retries charged, as the phones saw them. */
  readonly #charged = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Both agree: what is due has come, and nothing else. */
  async compare(told: string): Promise<void> {
    for (let round = 0; round < 20; round++) {
      this.#world.model.settle();
      for (const phone of this.#world.phones) await this.#arrive(phone, told);
      for (const phone of this.#world.phones) if (phone.socket) await phone.socket.settled();
      let reacked = false;
      for (const phone of this.#world.phones) if (phone.socket) reacked = this.read(phone) || reacked;
      if (!reacked) break;
    }
    for (const phone of this.#world.phones) this.#agree(phone, told);
  }

  /** Waits for what the model says is due on this phone. */
  async #arrive(phone: Phone, told: string): Promise<void> {
    const session = this.#world.session(phone);
    if (!session) return assert.ok(!phone.socket, `${told}: ${phone.id} has a session`);
    const here = () => {
      this.read(phone);
      this.#world.model.settle();
      const got = (lane: ModelLane) => phone.got.get(lane.biz);
      const gone = (lane: ModelLane) => phone.gone.get(lane.biz);
      return [...session.lanes.values()].every((lane) =>
        [...lane.sent].every((id) => got(lane)?.has(id)) && [...lane.gone].every((id) => gone(lane)?.has(id))
      ) && phone.volatile.length >= session.volatile.length && this.#verdict(phone, session);
    };
    await phone.socket!.until(here, PATIENCE).catch((error) => {
      if (error instanceof assert.AssertionError) throw error;
      this.#agree(phone, told);
      throw error;
    });
  }

  #verdict(phone: Phone, session: ModelSession): boolean {
    if (session.valid === null) return true;
    const last = phone.socket!.frames.findLast((frame) => frame.type === "bound" || frame.type === "welcome");
    const told = last?.type === "bound" ? last.consistency : last?.type === "welcome" ? last.user?.consistency : null;
    return told === (session.valid ? "valid" : "invalid");
  }

  /** Reads what came, tells the model what was acked again or given up. @returns whether anything was acked again */
  read(phone: Phone, timePasses = false): boolean {
    const session = this.#world.session(phone)!;
    const before = new Map([...phone.got].map(([biz, got]) => [biz, new Map(got)]));
    const reacks = phone.consume();
    for (const lane of session.lanes.values()) this.#count(phone, lane, before.get(lane.biz) ?? new Map(), timePasses);
    for (const [what, n] of Object.entries(phone.tally)) this.#world.seen[what as keyof typeof phone.tally] += n;
    phone.tally = { received: 0, late: 0, gone: 0, volatile: 0 };
    this.#world.seen.reacked += reacks.length;
    for (const { biz, id } of reacks) {
      const { cursor } = phone.stream(biz, this.#world.model.configs.get(biz)!.target);
      this.acked(session.lanes.get(biz)!, { ids: [id], cursor });
    }
    return reacks.length > 0;
  }

  acked(lane: ModelLane, ack: ModelAck): void {
    for (const id of this.#world.model.ack(lane, ack)) this.#charged.delete(this.#key(lane, id));
  }

  #count(phone: Phone, lane: ModelLane, before: Map<number, number>, timePasses: boolean): void {
    for (const [id, times] of phone.got.get(lane.biz) ?? []) {
      const repeats = times - Math.max(1, before.get(id) ?? 0);
      if (repeats <= 0) continue;
      assert.ok(timePasses, `${phone.id} ${lane.biz} ${id} came again, and no time has passed`);
      assert.ok(lane.open.has(id), `${phone.id} ${lane.biz} ${id} was retried, and is not open`);
      const charged = (this.#charged.get(this.#key(lane, id)) ?? 0) + repeats;
      assert.ok(charged <= MAX_RETRIES, `${phone.id} ${lane.biz} ${id} was retried ${charged} times`);
      this.#charged.set(this.#key(lane, id), charged);
      this.#world.seen.retried += repeats;
    }
    for (const id of phone.gone.get(lane.biz) ?? []) {
      if (lane.gone.has(id) || !lane.open.has(id)) continue;
      const op = this.#world.model.log.op(lane.biz, lane.owner, id);
      if (!op || !this.#world.model.log.alive(op, lane.biz)) continue;
      assert.ok(timePasses, `${phone.id} ${lane.biz} ${id} was given up, and no time has passed`);
      assert.equal(this.#charged.get(this.#key(lane, id)), MAX_RETRIES, `${phone.id} ${lane.biz} ${id} was given up`);
      this.#world.model.discard(lane, id);
      this.#world.seen.discarded++;
    }
  }

  #key(lane: ModelLane, id: number): string {
    const session = [...this.#world.model.sessions.values()].find((one) => one.lanes.get(lane.biz) === lane);
    const { target } = this.#world.model.configs.get(lane.biz)!;
    const whose = target === "user" ? session?.user : "";
    return `${lane.biz} ${whose} ${this.#world.model.isShared(lane.biz) ? "" : session?.device} ${id}`;
  }

  #agree(phone: Phone, told: string): void {
    const session = this.#world.session(phone);
    const text = (sent: Iterable<number> = [], gone: Iterable<number> = []) =>
      [sent, gone].map((ids) => [...ids].sort((a, b) => a - b).join()).join(" gone ");
    for (const lane of session?.lanes.values() ?? []) {
      // what left the window otherwise meanwhile may be told as well
      const gone = [...phone.gone.get(lane.biz) ?? []].filter((id) => lane.gone.has(id) || lane.open.has(id));
      const did = text(phone.got.get(lane.biz)?.keys(), gone);
      assert.equal(did, text(lane.sent, lane.gone), `${told}: ${phone.id} ${lane.biz}`);
    }
    const stray = session ? [...phone.got.keys()].filter((biz) => !session.lanes.has(biz)) : [];
    assert.deepEqual(stray, [], `${told}: ${phone.id} received of streams that are not its own`);
    if (!session) return;
    assert.deepEqual(phone.volatile, session.volatile, `${told}: ${phone.id}, not persistent`);
    assert.equal(phone.socket?.closed, null, `${told}: ${phone.id} is connected`);
    assert.ok(this.#verdict(phone, session), `${told}: ${phone.id} was told the verdict`);
  }
}
