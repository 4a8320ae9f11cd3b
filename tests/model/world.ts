import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { sweep } from "../../db/sweeper.ts";
import { SteppableClock } from "../support/clock.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTenant, type TestTenant } from "../support/tenant.ts";
import { CONFIGS, DEVICES, MAX_RETRIES, USERS } from "./fixture.ts";
import { type Filter, Model, type ModelConfig, type ModelLane, type ModelSession } from "./model.ts";
import { Phone } from "./phone.ts";

export type Hint = "kept" | "lost" | "twice" | "swapped";

/** How long the server may take to come to rest, ms. */
const PATIENCE = 5_000;
const ACTOR = { operator: "model", at: 1_732_000_000_000 };

/** One real server for many runs; each run has an instance, devices and users of its own. */
export class Bench implements AsyncDisposable {
  readonly clock = new SteppableClock();
  #runs = 0;

  private constructor(readonly server: TestServer, readonly tenant: TestTenant, clock: SteppableClock) {
    this.clock = clock;
  }

  static async start(): Promise<Bench> {
    const clock = new SteppableClock();
    const env = { MAX_RETRIES: String(MAX_RETRIES), HEARTBEAT_MS: "3600000" };
    return new Bench(await startServer({ clock, env }), startTenant(), clock);
  }

  async world(): Promise<World> {
    const appId = `run${++this.#runs}`;
    const { sql, catalog } = this.server.services;
    const store = postgresCatalog(sql);
    await store.createInstance(ACTOR, { workspaceId: "model", appId, name: appId });
    const { instances } = await store.load();
    const { no } = instances.find((instance) => instance.appId === appId)!;
    await store.changeInstance(ACTOR, no, { signature: false, sessionValidateUrl: this.tenant.url });
    for (const [bizType, { online: _online, ...fields }] of Object.entries(CONFIGS)) {
      await store.createConfig(ACTOR, no, { bizType, description: "model", ...fields });
    }
    await catalog.refresh();
    for (const user of USERS) this.tenant.says(user, "valid");
    return new World(this, no, `model_${appId}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.tenant[Symbol.asyncDispose]();
  }
}

/** The real side of one run, with the model beside it; `compare` says whether they agree. */
export class World {
  readonly model: Model;
  readonly phones: Phone[];
  /** What happened how often: a model that sees nothing agrees with everything. */
  readonly seen = { received: 0, late: 0, retried: 0, gone: 0, discarded: 0, reacked: 0, volatile: 0, dropped: 0 };
  /** Retries charged, as the phones saw them. */
  readonly #charged = new Map<string, number>();
  #mids = 0;

  constructor(readonly bench: Bench, readonly instanceNo: number, readonly instanceId: string) {
    const configs = new Map<string, ModelConfig>(Object.entries(CONFIGS).map(([biz, config]) => [biz, { ...config }]));
    this.model = new Model(configs, () => bench.clock.now());
    this.phones = DEVICES.map((name) => new Phone(name));
  }

  get services() {
    return this.bench.server.services;
  }

  configNo(biz: string): number {
    return this.services.catalog.config(this.instanceNo, biz)!.no;
  }

  session(phone: Phone): ModelSession | undefined {
    return this.model.sessions.get(phone.id);
  }

  /** Pushes once for each hint, at once, and tells the model what was stored. */
  async push(biz: string, owner: string, filter: Filter, validMs: number | null, hint: Hint): Promise<void> {
    const { clock } = this.bench;
    const config = this.model.configs.get(biz)!;
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
    const eligible = this.model.eligible(biz, owner, filter);
    const restore = this.#spoil(hint);
    const answers = await Promise.all(bodies.map((body) => this.#post(config.scope, body)));
    restore();
    if (!config.online) return answers.forEach((answer) => assert.equal(answer, "BIZ_NOT_ONLINE"));
    if (config.scope === "single" && (hint === "kept" || hint === "twice")) {
      assert.deepEqual(answers, [eligible ? "SUCCESS" : "NOT_ONLINE"]);
    }
    if (!config.persistent) return this.model.volatile(biz, owner, filter, bodies[0]!.thirdMsgId);
    const rows = await this.#stored(biz, bodies.map((body) => body.thirdMsgId));
    const subject = config.scope === "global" ? "" : owner;
    for (const row of rows) {
      assert.ok(row.id > this.model.head(biz, subject), "ids rise");
      this.model.pushed(biz, subject, { ...row, ...filter });
      // each is decided on by itself: a threshold may drop the first before the second is there
      if (rows.length === 1) this.model.settle();
    }
    if (hint === "lost") await this.services.housekeeping.findLostHints();
  }

  /** Pushes at once; the returned function waits for the answers and tells the model what was stored. */
  pushMany(biz: string, owner: string, count: number): () => Promise<void> {
    const mids = Array.from({ length: count }, () => `m-${++this.#mids}`);
    const { scope, online } = this.model.configs.get(biz)!;
    const answers = Promise.all(
      mids.map((thirdMsgId) => this.#post(scope, { bizType: biz, linkToken: owner, thirdMsgId, payload: "p" })),
    );
    return async () => {
      const accepted = (await answers).every((answer) => answer === "SUCCESS" || answer === "NOT_ONLINE");
      assert.equal(accepted, online);
      if (online) { for (const op of await this.#stored(biz, mids)) this.model.pushed(biz, owner, op); }
    };
  }

  async #stored(biz: string, mids: string[]) {
    const rows = await this.services.sql<{ id: number; mid: string; at: number; expires: number }[]>`
      select id, mid, at, valid_until as expires from op
      where config = ${this.configNo(biz)} and mid = any (${mids}) order by id`;
    assert.equal(rows.length, mids.length, "accepted and not stored");
    return rows.map((row) => ({ ...row, dropped: false }));
  }

  /** Both agree: what is due has come, and nothing else. */
  async compare(told: string): Promise<void> {
    for (let round = 0; round < 20; round++) {
      this.model.settle();
      for (const phone of this.phones) await this.#arrive(phone, told);
      for (const phone of this.phones) if (phone.socket) await phone.socket.settled();
      let reacked = false;
      for (const phone of this.phones) if (phone.socket) reacked = this.#read(phone) || reacked;
      if (!reacked) break;
    }
    for (const phone of this.phones) this.#agree(phone, told);
  }

  /** Time passes while everybody stays connected. */
  async wait(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 5) {
      this.bench.clock.advance(5_000);
      for (const phone of this.phones) if (phone.socket) await phone.socket.settled();
      for (const phone of this.phones) if (phone.socket) this.#read(phone, true);
    }
  }

  /** Keeps away from the moment at which something expires: who is right there is a matter of milliseconds. */
  async dodge(): Promise<void> {
    const now = this.bench.clock.now();
    const close = this.model.streams().some(({ biz, ops }) => {
      const { retentionDays } = this.model.configs.get(biz)!;
      return ops.some(({ at, expires }) =>
        [expires, at + retentionDays * 86_400_000].some((end) => Math.abs(end - now) < 4_000)
      );
    });
    if (close) {
      await this.wait(10);
      await this.compare("something expires");
    }
  }

  /** A night: nobody is connected, the clock goes on, the sweeper comes by. */
  async night(hours: number): Promise<void> {
    for (const phone of this.phones) await this.drop(phone);
    this.bench.clock.jump(hours * 3_600_000);
    this.model.settle();
    await this.services.recorder.flush();
    await sweep(this.services.sql, this.bench.clock.now(), () => Promise.resolve());
  }

  async drop(phone: Phone): Promise<void> {
    this.model.end(phone.id);
    await phone.drop();
    await this.#until(
      () =>
        ![...this.services.registry.sessions()].some((session) =>
          session.instance.no === this.instanceNo && session.deviceId === phone.id
        ),
      `${phone.id} has left`,
    );
  }

  /** Payloads stored are those that the model keeps (THR-1), and arrivals those that it saw. */
  async compareLog(): Promise<void> {
    this.seen.dropped = this.model.streams().flatMap(({ ops }) => ops).filter((op) => op.dropped).length;
    await this.#until(
      async () => {
        await this.services.recorder.flush();
        try {
          await this.#sameLog();
          return true;
        } catch {
          return false;
        }
      },
      "the log",
      () => this.#sameLog(),
    );
  }

  async #sameLog(): Promise<void> {
    for (const { biz, owner, ops } of this.model.streams()) {
      const no = this.configNo(biz);
      const rows = await this.services.sql<{ id: number; dropped: boolean; arrived: boolean }[]>`
        select o.id, o.dropped, exists (select 1 from arrival a where a.instance = o.instance and a.owner = o.owner
          and a.config = o.config and a.id = o.id) as arrived
        from op o where config = ${no} and owner = ${owner} order by id`;
      const known = new Map(rows.map((row) => [row.id, row]));
      for (const op of ops) {
        const said = `${biz} ${owner} ${op.id}`;
        if (op.at + 30 * 86_400_000 < this.bench.clock.now() + 60_000) continue;
        assert.equal(known.get(op.id)?.arrived, this.model.arrived.has(said), `${said} arrived`);
        if (this.model.alive(op, biz)) assert.equal(known.get(op.id)?.dropped, op.dropped, `${said} dropped`);
      }
    }
  }

  async #post(scope: string, body: object): Promise<string> {
    const { url } = this.bench.server;
    const response = await fetch(`${url}/webapi/sync/${scope}?instanceId=${this.instanceId}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return (await response.json()).msg;
  }

  /** Loses, repeats or swaps the hints of the next pushes (STR-3). */
  #spoil(hint: Hint): () => void {
    const { registry } = this.services;
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

  /** Waits for what the model says is due on this phone. */
  async #arrive(phone: Phone, told: string): Promise<void> {
    const session = this.session(phone);
    if (!session) return assert.ok(!phone.socket, `${told}: ${phone.id} has a session`);
    const here = () => {
      this.#read(phone);
      this.model.settle();
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
  #read(phone: Phone, timePasses = false): boolean {
    const session = this.session(phone)!;
    const before = new Map([...phone.got].map(([biz, got]) => [biz, new Map(got)]));
    const reacks = phone.consume();
    for (const lane of session.lanes.values()) this.#count(phone, lane, before.get(lane.biz) ?? new Map(), timePasses);
    for (const [what, n] of Object.entries(phone.tally)) this.seen[what as keyof typeof phone.tally] += n;
    phone.tally = { received: 0, late: 0, gone: 0, volatile: 0 };
    this.seen.reacked += reacks.length;
    for (const { biz, id } of reacks) this.acked(session.lanes.get(biz)!, { ids: [id] });
    return reacks.length > 0;
  }

  acked(lane: ModelLane, ack: { upTo?: number; ids?: number[] }): void {
    for (const id of this.model.ack(lane, ack)) this.#charged.delete(this.#key(lane, id));
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
      this.seen.retried += repeats;
    }
    for (const id of phone.gone.get(lane.biz) ?? []) {
      if (lane.gone.has(id) || !lane.open.has(id)) continue;
      const op = this.model.ops(lane.biz, lane.owner).find((one) => one.id === id);
      if (!op || !this.model.alive(op, lane.biz)) continue;
      assert.ok(timePasses, `${phone.id} ${lane.biz} ${id} was given up, and no time has passed`);
      assert.equal(this.#charged.get(this.#key(lane, id)), MAX_RETRIES, `${phone.id} ${lane.biz} ${id} was given up`);
      this.model.discard(lane, id);
      this.seen.discarded++;
    }
  }

  #key(lane: ModelLane, id: number): string {
    const session = [...this.model.sessions.values()].find((one) => one.lanes.get(lane.biz) === lane);
    const { target } = this.model.configs.get(lane.biz)!;
    const whose = target === "user" ? session?.user : "";
    return `${lane.biz} ${whose} ${this.model.isShared(lane.biz) ? "" : session?.device} ${id}`;
  }

  #agree(phone: Phone, told: string): void {
    const session = this.session(phone);
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

  async #until(condition: () => boolean | Promise<boolean>, what: string, fail?: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!await condition()) {
      if (performance.now() < deadline) await new Promise<void>((resolve) => setTimeout(resolve, 2));
      else if (fail) return await fail();
      else throw new Error(`Cannot see it: ${what}`);
    }
  }
}
