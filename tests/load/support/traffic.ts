import type { Address } from "./wire.ts";

export type TrafficOptions = {
  address: Address;
  adminToken: string;
  /** Users and devices `u-N`, `d-N` from 0. */
  phones: number;
  /** Pushes, and reads of the admin API, a second. */
  pushes: number;
  reads: number;
};

/** Configs beside those of the demo instance, so that every kind is there. */
const CONFIGS = [
  { bizType: "TICK", scope: "single", target: "user", multiDevice: true, persistent: false },
  { bizType: "NEWS", scope: "single", target: "user", multiDevice: true, persistent: true, threshold: 5 },
  { bizType: "ALL-USERS", scope: "global", target: "user", multiDevice: true, persistent: true },
];
const DEMO = "/api/instances/default_demo";

/** Mixed traffic of business systems and operators at an even rate; what goes wrong is counted and never repeated. */
export class Traffic {
  readonly answers: Record<string, number> = {};
  readonly #o: TrafficOptions;
  readonly #under = new Set<Promise<void>>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #number = 0;

  constructor(options: TrafficOptions) {
    this.#o = options;
  }

  async start(): Promise<void> {
    for (const config of CONFIGS) {
      const made = await this.#admin("POST", `${DEMO}/configs`, { description: "soak", ...config });
      if (made >= 300) throw new Error(`Cannot make ${config.bizType}: ${made}`);
    }
    this.#every(this.#o.pushes, () => this.#push(this.#number++));
    this.#every(this.#o.reads, () => this.#read(this.#number++));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#under);
  }

  #every(perSecond: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => {
      const task = work().catch(() => this.#count("lost")).finally(() => this.#under.delete(task));
      this.#under.add(task);
    }, 1_000 / perSecond));
  }

  async #push(number: number): Promise<void> {
    const owner = Math.floor(Math.random() * this.#o.phones);
    const body = { thirdMsgId: `soak-${number}`, payload: `message ${number} ${"x".repeat(number % 400)}` };
    const user = { ...body, linkToken: `u-${owner}` };
    switch (number % 10) {
      case 0:
        return await this.#post("single", { bizType: "TRADE-RESULT", ...user });
      case 1:
        return await this.#post("single", { bizType: "DEVICE-LOCK", ...body, linkToken: `d-${owner}` });
      case 2:
        return await this.#post("single", { bizType: "TICK", ...user });
      case 3:
        return await this.#post("single", { bizType: "NEWS", ...user, linkToken: `u-${owner % 100}` });
      case 4: // its payload is dropped while the soak goes on
        return await this.#post("single", { bizType: "UCHAT", ...user, validTimeEnd: Date.now() + 120_000 });
      case 5: // for nobody: it stays owed
        return await this.#post("single", { bizType: "UCHAT", ...user, osType: number % 4 ? "android" : "ios" });
      case 6: // for somebody who is not there
        return await this.#post("single", { bizType: "UCHAT", ...body, linkToken: `away-${owner}` });
      case 7:
        if (number % 500 !== 7) return await this.#post("single", { bizType: "UCHAT", ...user });
        return await this.#post("global", { bizType: "GLOBAL-SDK-CONFIG", ...body });
      case 8:
        if (number % 500 !== 8) return await this.#post("single", { bizType: "UCHAT", ...user });
        return await this.#post("global", { bizType: "ALL-USERS", ...body });
      case 9: // twice the same
        await this.#post("single", { bizType: "UCHAT", ...user });
        return await this.#post("single", { bizType: "UCHAT", ...user });
    }
  }

  async #read(number: number): Promise<void> {
    const owner = Math.floor(Math.random() * this.#o.phones);
    const paths = [
      `/pushes?userId=u-${owner}`,
      `/pushes?deviceId=d-${owner}`,
      `/users/u-${owner}`,
      `/devices/d-${owner}`,
      `/deadletters`,
      `/stats`,
      `/configs`,
      `/records`,
    ];
    this.#count(`admin ${await this.#admin("GET", DEMO + paths[number % paths.length]!)}`);
  }

  async #post(endpoint: "single" | "global", body: object): Promise<void> {
    const response = await fetch(`${this.#url}/webapi/sync/${endpoint}?instanceId=default_demo`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    this.#count((await response.json()).msg);
  }

  async #admin(method: string, path: string, body?: object): Promise<number> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { Authorization: `Bearer ${this.#o.adminToken}`, "Content-Type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    await response.body?.cancel();
    return response.status;
  }

  get #url(): string {
    const { hostname, port } = this.#o.address;
    return `http://${hostname}:${port}`;
  }

  #count(what: string): void {
    this.answers[what] = (this.answers[what] ?? 0) + 1;
  }
}
