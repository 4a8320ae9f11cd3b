import { delay } from "es-toolkit";
import { seeded } from "../support/seeded.ts";
import { Caller, type Reply } from "./caller.ts";
import type { PushRecord } from "./evidence.ts";
import { midOf, payloadOf, type Plan, type PushPlan } from "./plan.ts";

export type PublishersOptions = {
  plan: Plan;
  /** How long it takes to publish all, ms. Outages are made up for. */
  ms: number;
  /** Of the server, and of the proxy that a part of the callers goes through. */
  port: () => number;
  proxyPort: number;
  /** ms since the start of the run. */
  now: () => number;
};

const CALLERS = 128;
/** So many of them reach the server through the proxy, which cuts and stalls. */
const THROUGH_PROXY = 16;
/** Chance that a publisher gives up a push of which nobody knows whether it is stored. */
const GIVE_UP = 0.1;
const RETRY_MS = 250;
/** Accepted pushes that may be posted once more. */
const REMEMBERED = 500;

/** Publishes what the plan says, at an even rate, and keeps the books. */
export class Publishers implements Disposable {
  readonly records: PushRecord[];
  readonly #o: PublishersOptions;
  readonly #callers: Caller[];
  readonly #random: () => number;
  readonly #recent: number[] = [];
  #next = 0;
  #stopped = false;
  /** Answers by status and code. */
  readonly answers = new Map<string, number>();

  constructor(options: PublishersOptions) {
    this.#o = options;
    this.#random = seeded(options.plan.seed + 77);
    this.records = Array.from({ length: options.plan.pushes }, (_, index) => recordOf(options.plan.push(index)));
    const port = (n: number) => n < THROUGH_PROXY ? () => options.proxyPort : options.port;
    this.#callers = Array.from({ length: CALLERS }, (_, n) => new Caller(port(n)));
  }

  /** How many were begun. */
  get begun(): number {
    return this.#next;
  }

  get hung(): number {
    return this.#callers.reduce((sum, caller) => sum + caller.hung, 0);
  }

  /** Resolves when all is published, or the time is over. */
  async publish(): Promise<void> {
    await Promise.all(this.#callers.map((caller) => this.#work(caller)));
  }

  /** Begins nothing more; what is under way is finished. */
  stop(): void {
    this.#stopped = true;
  }

  /** Posts some of the accepted once more. */
  async repeat(count: number): Promise<void> {
    using caller = new Caller(this.#o.port);
    for (let n = 0; n < count && this.#recent.length > 0; n++) {
      const index = this.#recent[Math.floor(this.#random() * this.#recent.length)]!;
      await this.#attempt(caller, this.#o.plan.push(index));
    }
  }

  [Symbol.dispose](): void {
    for (const caller of this.#callers) caller[Symbol.dispose]();
  }

  async #work(caller: Caller): Promise<void> {
    const { plan, now, ms } = this.#o;
    while (!this.#stopped && this.#next < plan.pushes) {
      if (this.#next >= now() / ms * plan.pushes) await delay(5 + this.#random() * 10);
      else await this.#push(caller, plan.push(this.#next++));
    }
  }

  async #push(caller: Caller, push: PushPlan): Promise<void> {
    if (push.trick === "twice") {
      using other = new Caller(this.#o.port);
      await Promise.all([this.#attempt(caller, push), this.#attempt(other, push)]);
    } else {
      await this.#attempt(caller, push, push.trick === "cut" ? Math.floor(this.#random() * 6) : null);
    }
    const record = this.records[push.index]!;
    let known = 0;
    while (!isDecided(record)) {
      // a caller of a config that is not persistent has nothing to gain from a repeat
      if (!push.kind.persistent || this.#stopped || (record.unknown > known && this.#random() < GIVE_UP)) return;
      known = record.unknown;
      await delay(this.#random() * RETRY_MS);
      await this.#attempt(caller, push);
    }
    if (push.trick === "again") await this.#attempt(caller, push);
    if (push.kind.persistent) this.#remember(push.index);
  }

  #remember(index: number): void {
    if (this.#recent.length < REMEMBERED) this.#recent.push(index);
    else this.#recent[Math.floor(this.#random() * REMEMBERED)] = index;
  }

  async #attempt(caller: Caller, push: PushPlan, cutAfterMs: number | null = null): Promise<void> {
    const record = this.records[push.index]!;
    if (record.began < 0) {
      record.began = this.#o.now();
      if (push.ttl !== null) record.validUntil = record.began + push.ttl;
    }
    record.attempts++;
    const path = push.kind.scope === "global" ? "/webapi/sync/global" : "/webapi/sync/single";
    const body = JSON.stringify(this.#body(push, record));
    const reply = await caller.post(`${path}?instanceId=default_demo`, body, cutAfterMs);
    this.#note(record, reply);
  }

  #body({ index, kind, owner, filter }: PushPlan, { validUntil }: PushRecord): Record<string, unknown> {
    const { pl, isB } = payloadOf(this.#o.plan, index);
    return {
      bizType: kind.bizType,
      ...(kind.scope === "single" ? { linkToken: owner } : {}),
      thirdMsgId: midOf(index),
      ...(isB ? { binaryPayload: pl } : { payload: pl }),
      ...(filter?.os === undefined ? {} : { osType: filter.os }),
      ...(filter?.min === undefined ? {} : { appMinVersion: filter.min }),
      ...(filter?.max === undefined ? {} : { appMaxVersion: filter.max }),
      ...(validUntil === null ? {} : { validTimeEnd: Date.now() - this.#o.now() + validUntil }),
    };
  }

  #note(record: PushRecord, reply: Reply): void {
    const known = reply.kind === "answered" ? readAnswer(reply.body) : null;
    const name = reply.kind === "answered" ? `${reply.status} ${known?.msg ?? "unreadable"}` : reply.kind;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    if (reply.kind === "unreached") return;
    if (known?.success && known.msg === "DUPLICATED_BIZ_ID") record.duplicates++;
    else if (known?.success) {
      record.stored++;
      if (record.answered < 0) record.answered = this.#o.now();
    } else if (!known || known.msg === "SYSTEM_ERROR" || known.msg === "SYSTEM_BUSY") record.unknown++;
    else record.refused = `${known.msg}: ${known.detail}`;
  }
}

/** Whether there is an answer that settles it: true, or false for good. */
const isDecided = (record: PushRecord) => record.stored + record.duplicates > 0 || record.refused !== null;

function recordOf({ index, kind, owner, filter }: PushPlan): PushRecord {
  return {
    index,
    kind,
    owner,
    filter,
    validUntil: null,
    began: -1,
    answered: -1,
    attempts: 0,
    stored: 0,
    duplicates: 0,
    unknown: 0,
    refused: null,
  };
}

function readAnswer(body: string): { success: boolean; msg: string; detail?: string } | null {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
