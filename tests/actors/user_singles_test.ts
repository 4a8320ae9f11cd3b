import assert from "node:assert/strict";
import type { Config } from "../../db/catalog.ts";
import type { DeliveryStore, Page } from "../../db/delivery.ts";
import type { Connection } from "../../actors/connection.ts";
import { clientOf } from "../../actors/eligibility.ts";
import { Reader } from "../../actors/reader.ts";
import { Recorder } from "../../actors/recorder.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { Session } from "../../actors/session.ts";
import { UserActor } from "../../actors/user_actor.ts";
import { SteppableClock } from "../support/clock.ts";
import { NOW, op, UCHAT } from "./support/lanes.ts";

const TRADE: Config = { ...UCHAT, bizType: "TRADE", multiDevice: false };
const INSTANCE = { no: 1, instanceId: "i" } as Session["instance"];
const BIZ = { scope: "user", biz: "TRADE" } as const;

/** One user's actor on a store whose pages the test hands out itself. */
function actorOf(user: string) {
  const clock = new SteppableClock();
  const reads: ((page: Page) => void)[] = [];
  const store = {
    pages: () => new Promise<Page[]>((resolve) => reads.push((page) => resolve([page]))),
    save: () => Promise.resolve(),
    owe: () => Promise.resolve(),
  } as unknown as DeliveryStore;
  const recorder = new Recorder(store, clock, { failed: (error) => assert.fail(String(error)) });
  const reader = new Reader(store, { page: () => undefined }, clock, { failed: (error) => assert.fail(String(error)) });
  let tickets = 0;
  const runtime: Runtime = {
    clock,
    store,
    recorder,
    reader,
    catalog: {
      configByNo: () => TRADE,
      instanceByNo: () => INSTANCE,
      configsOf: () => [TRADE],
      config: () => TRADE,
    } as unknown as Runtime["catalog"],
    policy: { timeoutMs: 10_000, timeoutMaxMs: 60_000, maxRetries: 0 },
    limits: { ops: 100, bytes: 262_144 },
    metrics: {
      sent: () => {},
      acked: () => {},
      retried: () => {},
      discarded: () => {},
      ignoredAcks: () => {},
      latency: () => {},
    },
    log: () => {},
    globalHead: () => 0,
    ticket: () => ++tickets,
  };
  const options = {
    runtime,
    validator: { asks: () => false, validate: () => Promise.resolve("unknown" as const), retryDelay: () => 1_000 },
    failed: (_actor: UserActor, error: unknown) => assert.fail(String(error)),
    empty: () => {},
  };
  const actor = new UserActor(options, INSTANCE, user);
  /** Binds the user on a device; its streams are open. @returns what the device is sent */
  const bind = (deviceId: string): number[] => {
    const sent: number[] = [];
    const connection: Connection = {
      id: deviceId,
      get heardAt() {
        return clock.now() + 1;
      },
      send: () => {},
      queue: (batch) => void sent.push(...batch.ops.map((one) => one.id)),
      probe: () => {},
      close: () => {},
    };
    const hello = {
      type: "hello",
      protocol: 1,
      seq: 1,
      instanceId: "i",
      deviceId,
      foreground: true,
      points: [],
    } as const;
    const session = new Session(connection, INSTANCE, { ...hello, points: [] }, {
      now: NOW,
      client: clientOf(undefined, undefined),
      changed: () => {},
    });
    actor.bind(session, "s", false);
    actor.post({
      type: "opened",
      connectionId: deviceId,
      starts: [{ config: TRADE, start: 0, head: 1, owed: [], plain: true }],
    });
    return sent;
  };
  return { actor, clock, reads, bind };
}

/** Lets the promises of a read that was answered run to their end. */
const turns = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const fresh = op(1, { at: Date.now(), validUntil: Date.now() + 86_400_000 });
const PAGE: Page = { ops: [fresh], upTo: 1, head: 1 };

for (
  const [how, end] of [
    [
      "acknowledged",
      ({ actor }: ReturnType<typeof actorOf>) =>
        actor.post({ type: "ack", connectionId: "d-a", frame: { type: "ack", ...BIZ, id: 1 } }),
    ],
    ["discarded", ({ clock }: ReturnType<typeof actorOf>) => clock.advance(10_001)],
  ] as const
) {
  Deno.test(`[DEV-2] an op that is ${how} while a page that holds it is on its way goes to nobody else`, async () => {
    const user = actorOf("u-1");
    const first = user.bind("d-a");
    await turns();
    user.reads.shift()!(PAGE);
    await turns();
    assert.deepEqual(first, [1]);
    // another device binds the user: the log is read from the start, and the answer still holds the op
    const second = user.bind("d-b");
    await turns();
    assert.equal(user.reads.length, 1);
    end(user);
    user.reads.shift()!(PAGE);
    await turns();
    assert.deepEqual([first, second], [[1], []]);
    user.actor.post({ type: "left", connectionId: "d-a" });
    user.actor.post({ type: "left", connectionId: "d-b" });
    user.clock.advance(1_000);
    await turns();
  });
}

Deno.test("[DEV-2] an op that its holder gave up by leaving while the page was on its way goes to the next session", async () => {
  const user = actorOf("u-1");
  const first = user.bind("d-a");
  await turns();
  user.reads.shift()!(PAGE);
  await turns();
  const second = user.bind("d-b");
  await turns();
  user.actor.post({ type: "left", connectionId: "d-a" });
  for (let round = 0; round < 3; round++) {
    for (const answer of user.reads.splice(0)) answer(PAGE);
    await turns();
  }
  assert.deepEqual([first, second], [[1], [1]]);
  user.actor.post({ type: "left", connectionId: "d-b" });
  user.clock.advance(1_000);
  await turns();
});
