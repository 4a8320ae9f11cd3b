import type { Arrival, PhoneLog } from "./evidence.ts";
import { streamOf } from "./evidence.ts";
import { type About, indexOf, KIND, payloadOf, type PhonePlan } from "./plan.ts";

/** A phone of the run, as the nemesis sees it. Nothing here throws: what goes wrong is in the log. */
export interface Phone extends AsyncDisposable {
  readonly log: PhoneLog;
  /** Another user logs in, or nobody is. */
  move(userId: string | null): void;
  front(on: boolean): void;
  /** The app starts again, with another version if one is given. */
  restart(about?: About): void;
  /** From now on nothing is withheld, and nothing reported late: the run comes to its end. */
  giveIn(): void;
}

export type PhoneParts = {
  plan: PhonePlan;
  seed: number;
  /** Of the proxy in front of the server. */
  port: number;
  random: () => number;
  /** ms since the start of the run. */
  now: () => number;
};

/** Keeps a phone's log: what came, checked against what was pushed. */
export class Diary {
  readonly log: PhoneLog;
  readonly #seed: number;
  readonly #now: () => number;
  #upgrades = 0;
  #begun = 0;
  arrivals = 0;

  constructor({ plan, seed, now }: PhoneParts) {
    const { name, on, about, users } = plan;
    this.log = { name, on, abouts: [about], user: users[0], streams: new Map(), problems: [] };
    this.#seed = seed;
    this.#now = now;
  }

  get about(): About {
    return this.log.abouts.at(-1)!;
  }

  upgraded(about: About): void {
    this.log.abouts.push(about);
    this.#upgrades++;
  }

  /** An app on the SDK starts, or a bare socket tells the server its points anew. */
  begun(): void {
    this.#begun++;
  }

  problem(what: string): void {
    this.log.problems.push(`${what} (at ${this.#now()} ms)`);
  }

  /** @returns what was noted, for `reported` */
  arrived(about: { biz: string; userId: string; id: number; mid: string; pl: string; late: boolean }): Arrival {
    const { biz, id, mid, late } = about;
    const push = indexOf(mid);
    const kind = KIND.get(biz);
    const subject = kind?.target === "user" ? about.userId : this.log.name;
    const life = this.log.on === "bare" && kind?.multiDevice ? this.#upgrades : this.#begun;
    const arrival: Arrival = { push, id, at: this.#now(), late, life, reported: -1 };
    if (payloadOf({ seed: this.#seed }, push).pl !== about.pl) {
      this.problem(`${biz} ${mid} came with another payload: ${about.pl.slice(0, 40)}`);
    }
    this.arrivals++;
    streamOf(this.log, biz, subject).arrivals.push(arrival);
    return arrival;
  }

  reported(arrival: Arrival): void {
    if (arrival.reported < 0) arrival.reported = this.#now();
  }
}
