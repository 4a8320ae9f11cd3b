import { Caller } from "../support/caller.ts";
import { cpuSeconds, treeCpuSeconds } from "../support/cpu.ts";
import { connectDevice } from "../support/device.ts";
import { type Product, startProduct } from "../support/product.ts";
import { type Candidate, type Publisher, type System, textOf } from "./system.ts";

/** More than are ever under way, so that no push waits for a connection. */
const CONNECTIONS = 64;
export const PATH = "/webapi/sync/single?instanceId=default_demo";

export const syncline: Candidate = {
  name: "Syncline, committed and synced to disk",
  start: async () => new Syncline(await startProduct()),
};

export class Syncline implements System {
  readonly #product: Product;

  constructor(product: Product) {
    this.#product = product;
  }

  get port(): number {
    return this.#product.port;
  }

  cpu(): number {
    return cpuSeconds(this.#product.pid) + treeCpuSeconds(this.#product.postgresPid);
  }

  async publisher(): Promise<Publisher> {
    const callers = await Promise.all(Array.from({ length: CONNECTIONS }, () => Caller.open(this.port, PATH)));
    const idle = [...callers];
    const waiting: ((caller: Caller) => void)[] = [];
    return {
      async publish(user, mid) {
        const caller = idle.pop() ?? await new Promise<Caller>((resolve) => waiting.push(resolve));
        const answer = await caller.post(
          `{"bizType":"UCHAT","linkToken":"user-${user}","thirdMsgId":"${mid}","payload":"${textOf(mid)}"}`,
        );
        if (!answer.startsWith(`{"success":true`)) throw new Error(`Cannot count this answer: ${answer}`);
        const next = waiting.shift();
        if (next) next(caller);
        else idle.push(caller);
      },
      [Symbol.asyncDispose]() {
        for (const caller of callers) caller[Symbol.dispose]();
        return Promise.resolve();
      },
    };
  }

  async consumers(count: number, onMessage: (mid: string) => void): Promise<AsyncDisposable> {
    const url = `ws://127.0.0.1:${this.port}/sync`;
    const devices = await Promise.all(Array.from({ length: count }, (_, user) => connectDevice(url, user, onMessage)));
    return {
      async [Symbol.asyncDispose]() {
        await Promise.all(devices.map((device) =>
          new Promise((resolve) => {
            device.onclose = resolve;
            device.close();
          })
        ));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#product[Symbol.asyncDispose]();
  }
}
