import type { Address } from "./wire.ts";

/** A push that was answered true: its number, and when, ms since 1970. */
export type Accepted = { number: number; at: number };

export type PusherOptions = {
  /** Pushes a second, whatever becomes of them. */
  rate: number;
  /** Users and devices `u-N`, `d-N` from 0. */
  phones: number;
  /** Servers; a call that is not answered goes to the next one. */
  addresses: readonly Address[];
};

/** The configs that pushes go to in turn: for all devices of a user, for one of them, for a device. */
const KINDS = [["UCHAT", "u"], ["TRADE-RESULT", "u"], ["DEVICE-LOCK", "d"]] as const;
const STEP_MS = 10;

/**
 * A business system that pushes at an even rate and repeats each call, under its id, until it is answered true: so in
 * the end every push was accepted, whatever was killed meanwhile.
 */
export class Pusher implements Disposable {
  readonly accepted: Accepted[] = [];
  /** Answers other than a true one, by code; "lost" where none came. */
  readonly refused: Record<string, number> = {};
  readonly #o: PusherOptions;
  readonly #under = new Set<Promise<void>>();
  readonly #run = crypto.randomUUID().slice(0, 8);
  #timer: ReturnType<typeof setInterval> | undefined;
  #number = 0;
  #preferred = 0;
  #over = false;

  constructor(options: PusherOptions) {
    this.#o = options;
  }

  start(): void {
    const begun = performance.now(), before = this.#number;
    this.#timer = setInterval(() => {
      const due = before + Math.floor((performance.now() - begun) / 1_000 * this.#o.rate);
      while (this.#number < due) this.#follow(this.#push(this.#number++));
    }, STEP_MS);
  }

  /** Resolves when all that was begun is accepted. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#under);
  }

  /** Gives up what is not accepted yet. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#over = true;
  }

  /** A push for everybody; it comes at their next foreground connect. @returns its number, from 1 */
  async global(number: number): Promise<number> {
    const mid = `${this.#run}-global-${number}`;
    await this.#insist("global", { bizType: "GLOBAL-SDK-CONFIG", thirdMsgId: mid, payload: mid });
    return number;
  }

  #follow(push: Promise<void>): void {
    const tracked = push.finally(() => this.#under.delete(tracked));
    this.#under.add(tracked);
  }

  async #push(number: number): Promise<void> {
    const [bizType, owner] = KINDS[number % KINDS.length]!;
    // spreads over all phones, whatever the number of kinds
    const linkToken = `${owner}-${Math.floor(number * 7_919 / KINDS.length) % this.#o.phones}`;
    const mid = `${this.#run}-${number}`;
    await this.#insist("single", { bizType, linkToken, thirdMsgId: mid, payload: `message ${mid}` });
    this.accepted.push({ number, at: Date.now() });
  }

  async #insist(endpoint: "single" | "global", body: object): Promise<void> {
    while (!this.#over) {
      const answer = await this.#post(endpoint, body);
      if (answer.success) return;
      this.refused[answer.msg] = (this.refused[answer.msg] ?? 0) + 1;
      this.#preferred++;
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
    }
  }

  async #post(endpoint: "single" | "global", body: object): Promise<{ success: boolean; msg: string }> {
    const { hostname, port } = this.#o.addresses[this.#preferred % this.#o.addresses.length]!;
    try {
      const response = await fetch(`http://${hostname}:${port}/webapi/sync/${endpoint}?instanceId=default_demo`, {
        method: "POST",
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      return await response.json();
    } catch {
      return { success: false, msg: "lost" };
    }
  }
}
