import type { Arrival, FleetOptions, FleetStats } from "./fleet.ts";
import type { FleetCommand } from "./fleet_process.ts";
import type { ChurnRates } from "./churn.ts";

/** Phones in processes of their own, as one fleet; a process may have 20,000 files open. */
export class Fleets implements AsyncDisposable {
  readonly #processes: FleetProcess[];

  constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () => new FleetProcess());
  }

  /** Resolves when all phones are online. */
  async start(options: Omit<FleetOptions, "first">): Promise<void> {
    const share = Math.ceil(options.count / this.#processes.length);
    await this.#all((process, index) => {
      const first = index * share;
      const count = Math.min(share, options.count - first);
      return process.ask({ type: "start", options: { ...options, first, count } });
    });
  }

  async mark(): Promise<void> {
    await this.#all((process) => process.ask({ type: "mark" }));
  }

  /** @param global number of the global push that phones which have caught up must have; 0: none */
  async stats(global = 0, whole = true): Promise<FleetStats> {
    const all = await this.#all((process) => process.ask({ type: "stats", global, whole })) as FleetStats[];
    const sum = (key: "phones" | "online" | "caughtUp" | "arrivals") => all.reduce((total, one) => total + one[key], 0);
    const closes: Record<number, number> = {};
    for (const one of all) {
      for (const [code, n] of Object.entries(one.closes)) closes[Number(code)] = (closes[Number(code)] ?? 0) + n;
    }
    return {
      phones: sum("phones"),
      online: sum("online"),
      caughtUp: sum("caughtUp"),
      arrivals: sum("arrivals"),
      caughtUpAt: Math.max(...all.map((one) => one.caughtUpAt)),
      welcomes: all.flatMap((one) => one.welcomes),
      closes,
      hints: all.flatMap((one) => one.hints),
      violations: all.flatMap((one) => one.violations),
    };
  }

  /** Looks again and again until the condition holds. @throws when it does not within `ms` */
  async until(
    condition: (stats: Omit<FleetStats, "welcomes" | "hints">) => boolean,
    ms: number,
    global = 0,
  ): Promise<FleetStats> {
    const deadline = Date.now() + ms;
    for (;;) {
      const { welcomes: _, hints: __, ...stats } = await this.stats(global, false);
      if (condition(stats)) return await this.stats(global);
      if (Date.now() > deadline) throw new Error(`Cannot see it within ${ms} ms: ${JSON.stringify(stats)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async arrivals(): Promise<Arrival[]> {
    return (await this.#all((process) => process.ask({ type: "arrivals", from: 0 })) as Arrival[][]).flat();
  }

  /** The rates are those of the whole fleet. */
  async churn(rates: ChurnRates): Promise<void> {
    const parts = this.#processes.length;
    const share = { drops: rates.drops / parts, binds: rates.binds / parts, flips: rates.flips / parts };
    await this.#all((process) => process.ask({ type: "churn", rates: share }));
  }

  async calm(): Promise<void> {
    await this.#all((process) => process.ask({ type: "calm" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all((process) => process.stop());
  }

  #all<T>(call: (process: FleetProcess, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#processes.map(call));
  }
}

class FleetProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", new URL("./fleet_process.ts", import.meta.url).pathname],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** One command after the other. */
  ask(command: FleetCommand): Promise<unknown> {
    const answer = this.#turn.then(async () => {
      await this.#writer.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("Cannot go on: the process of the phones has ended");
      return JSON.parse(value);
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async stop(): Promise<void> {
    await this.#turn;
    await this.#writer.close().catch(() => {});
    for await (const _ of this.#lines);
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
