import assert from "node:assert/strict";
import { sweep } from "../../db/sweeper.ts";
import type { Bench } from "./bench.ts";
import { CONFIGS, DEVICES } from "./fixture.ts";
import { Judge } from "./judge.ts";
import { Model } from "./model.ts";
import { until } from "./patience.ts";
import { Phone } from "./phone.ts";
import { Pushes } from "./pushes.ts";
import { DAY, type ModelConfig, type ModelLane, type ModelSession } from "./state.ts";

/** After so many seconds the last of two retries has been unanswered for longest (DLV-4): 10 + 20 + 40, and some. */
const GIVEN_UP_S = 100;

/** The real side of one run, with the model beside it and a judge between them. */
export class World {
  readonly model: Model;
  readonly phones: Phone[];
  readonly judge: Judge;
  readonly pushes: Pushes;
  /** What happened how often: a model that sees nothing agrees with everything. */
  readonly seen = { received: 0, late: 0, retried: 0, gone: 0, discarded: 0, reacked: 0, volatile: 0, dropped: 0 };

  constructor(readonly bench: Bench, readonly instanceNo: number, readonly instanceId: string) {
    const configs = new Map<string, ModelConfig>(Object.entries(CONFIGS).map(([biz, config]) => [biz, { ...config }]));
    this.model = new Model(configs, () => bench.clock.now());
    this.phones = DEVICES.map((name) => new Phone(name));
    this.judge = new Judge(this);
    this.pushes = new Pushes(this);
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

  /** Time passes while everybody stays connected. */
  async wait(seconds: number): Promise<void> {
    const before = seconds >= GIVEN_UP_S ? this.#open() : [];
    for (let left = seconds; left > 0; left -= 5) {
      await this.#advance();
      for (const phone of this.phones) if (phone.socket) await phone.socket.settled();
      for (const phone of this.phones) if (phone.socket) this.judge.read(phone, true);
    }
    this.model.settle();
    const left = before.filter(({ lane, id }) => lane.open.has(id)).map(({ lane, id }) => `${lane.biz} ${id}`);
    assert.deepEqual(left, [], "retried to the end, and given up");
  }

  /** Five seconds; what was given up meanwhile is written, and told then (DLV-6). */
  async #advance(): Promise<void> {
    this.bench.clock.advance(5_000);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await this.services.recorder.flush();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** A phone plays dead: it is asked for a sign of life, and dropped without one (DLV-5). */
  async deafen(phone: Phone): Promise<void> {
    const { socket } = phone;
    const open = () => this.#open().filter(({ device }) => device === phone.id);
    // whether an op that expires meanwhile is asked about first is a matter of milliseconds
    if (!socket || open().length === 0 || open().some(({ lane, id }) => this.#expiresSoon(lane, id))) return;
    socket.alive = false;
    for (let left = GIVEN_UP_S; left > 0 && this.#sessionOf(phone); left -= 5) {
      await this.#advance();
      const others = this.phones.filter((other) => other !== phone && other.socket);
      for (const other of others) await other.socket!.settled();
      for (const other of this.phones) if (other.socket) this.judge.read(other, true);
    }
    if (this.#sessionOf(phone)) {
      socket.alive = true;
      await socket.settled();
      this.judge.read(phone, true);
      return assert.deepEqual(open(), [], `${phone.id}: given up before it was asked`);
    }
    assert.equal((await socket.close()).code, 1011);
    this.judge.read(phone, true);
    await this.drop(phone);
  }

  #expiresSoon({ biz, owner }: ModelLane, id: number): boolean {
    const { expires, at } = this.model.log.op(biz, owner, id)!;
    const end = Math.min(expires, at + this.model.configs.get(biz)!.retentionDays * DAY);
    return end - this.bench.clock.now() < 2 * GIVEN_UP_S * 1_000;
  }

  /** What was sent where it may be sent again, and is not answered. */
  #open() {
    return [...this.model.sessions.values()].flatMap((session) =>
      [...session.lanes.values()].filter((lane) => this.model.allowed(session, lane.biz))
        .flatMap((lane) => [...lane.open].map((id) => ({ device: session.device, lane, id })))
    );
  }

  /** Keeps away from the moment at which something expires: who is right there is a matter of milliseconds. */
  async dodge(): Promise<void> {
    const now = this.bench.clock.now();
    const close = this.model.log.streams().some(({ biz, ops }) => {
      const { retentionDays } = this.model.configs.get(biz)!;
      return ops.some(({ at, expires }) =>
        [expires, at + retentionDays * DAY].some((end) => Math.abs(end - now) < 4_000)
      );
    });
    if (close) {
      await this.wait(10);
      await this.judge.compare("something expires");
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

  /** A bind is answered before its streams are read: what is pushed meanwhile may belong to the replay. */
  async opened(phone: Phone): Promise<void> {
    await until(() => {
      const session = this.#sessionOf(phone);
      return session?.bound?.actor.isOpen(session.connection.id) ?? false;
    }, `${phone.id}: the user's streams are open`);
  }

  async drop(phone: Phone): Promise<void> {
    this.model.end(phone.id);
    await phone.drop();
    await until(() => !this.#sessionOf(phone), `${phone.id} has left`);
  }

  /** The server's side of it. */
  #sessionOf({ id }: Phone) {
    return [...this.services.registry.sessions()].find((session) =>
      session.instance.no === this.instanceNo && session.deviceId === id
    );
  }

  /** Payloads stored are those that the model keeps (THR-1), and arrivals those that it saw. */
  async compareLog(): Promise<void> {
    this.seen.dropped = this.model.log.streams().flatMap(({ ops }) => ops).filter((op) => op.dropped).length;
    await until(
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
    for (const { biz, owner, ops } of this.model.log.streams()) {
      const no = this.configNo(biz);
      const rows = await this.services.sql<{ id: number; dropped: boolean; arrived: boolean }[]>`
        select o.id, o.dropped, exists (select 1 from arrival a where a.instance = o.instance and a.owner = o.owner
          and a.config = o.config and a.id = o.id) as arrived
        from op o where config = ${no} and owner = ${owner} order by id`;
      const known = new Map(rows.map((row) => [row.id, row]));
      for (const op of ops) {
        const said = `${biz} ${owner} ${op.id}`;
        if (op.at + 30 * DAY < this.bench.clock.now() + 60_000) continue;
        assert.equal(known.get(op.id)?.arrived, this.model.arrived.has(said), `${said} arrived`);
        if (this.model.log.alive(op, biz)) assert.equal(known.get(op.id)?.dropped, op.dropped, `${said} dropped`);
      }
    }
  }
}
