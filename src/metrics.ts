import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ActorMetrics } from "../actors/runtime.ts";
import { CLOSE_CODES } from "./close_codes.ts";

/** What gauges are read from, at each scrape. */
export type Gauges = {
  connections: number;
  devices: number;
  users: number;
  appendQueue: number;
  hydrations: number;
  timers: number;
  loopLag: number;
};

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The server's counters in Prometheus' text format. Labels hold no id of a user, device or push. */
export class Metrics implements ActorMetrics {
  readonly #registry = new Registry();
  readonly #counters: Record<CounterName, Counter<"instance">>;
  readonly #append: Histogram;
  readonly #latency: Histogram;
  readonly #batch: Histogram;
  readonly #received: Counter;
  readonly #refused: Counter<"code">;
  readonly #closed: Counter<"code">;

  constructor(gauges: () => Gauges) {
    const registers = [this.#registry];
    this.#received = new Counter({ name: "syncline_pushes_received_total", help: "Pushes that came in", registers });
    const byCode = (name: string, help: string) =>
      new Counter({ name: `syncline_${name}_total`, help, labelNames: ["code"] as const, registers });
    this.#refused = byCode("pushes_refused", "Pushes answered with success false, by msg");
    this.#closed = byCode("connections_closed", "Connections that ended, by close code");
    this.#counters = Object.fromEntries(
      Object.entries(COUNTERS).map(([name, help]) => [
        name,
        new Counter({ name: `syncline_${name}_total`, help, labelNames: ["instance"] as const, registers }),
      ]),
    ) as Record<CounterName, Counter<"instance">>;
    const histogram = (name: string, help: string, buckets = BUCKETS) =>
      new Histogram({ name: `syncline_${name}`, help, buckets, registers });
    this.#append = histogram("append_seconds", "One commit of the log");
    this.#batch = histogram("append_batch_size", "Ops in one commit", [1, 2, 5, 10, 20, 50, 100, 200]);
    this.#latency = histogram("push_to_ack_seconds", "From acceptance of a push to its acknowledgement", [
      ...BUCKETS,
      30,
      60,
      300,
      3600,
    ]);
    for (const [name, help] of Object.entries(GAUGES)) {
      new Gauge({
        name: `syncline_${name}`,
        help,
        registers,
        collect() {
          this.set(gauges()[GAUGE_OF[name]!]);
        },
      });
    }
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Memory of this process",
      registers,
      collect() {
        this.set(Deno.memoryUsage().rss);
      },
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  received(): void {
    this.#received.inc();
  }

  /** @param code one of RESULT_CODES */
  refused(code: string): void {
    this.#refused.inc({ code });
  }

  /** @param code one of CLOSE_CODES, or what the other side said, which is counted as `other` where it is in no table */
  closed(code: number): void {
    this.#closed.inc({ code: code in CLOSE_CODES || NATURAL.has(code) ? code : "other" });
  }

  stored(instance: string): void {
    this.#counters.pushes_stored.inc({ instance });
  }

  duplicate(instance: string): void {
    this.#counters.pushes_duplicate.inc({ instance });
  }

  sent(instance: string, count: number): void {
    this.#counters.ops_sent.inc({ instance }, count);
  }

  acked(instance: string, count: number): void {
    this.#counters.ops_acked.inc({ instance }, count);
  }

  retried(instance: string, count: number): void {
    this.#counters.ops_retried.inc({ instance }, count);
  }

  discarded(instance: string, count: number): void {
    this.#counters.ops_discarded.inc({ instance }, count);
  }

  ignoredAcks(instance: string, count: number): void {
    this.#counters.acks_ignored.inc({ instance }, count);
  }

  latency(ms: number): void {
    this.#latency.observe(ms / 1000);
  }

  appended(ms: number, ops: number): void {
    this.#append.observe(ms / 1000);
    this.#batch.observe(ops);
  }
}

/** How connections end without us: left, closed without a code, lost. */
const NATURAL = new Set([1000, 1005, 1006]);

const COUNTERS = {
  pushes_stored: "Pushes committed to the log",
  pushes_duplicate: "Pushes whose thirdMsgId was accepted before",
  ops_sent: "Ops written to connections, repeats included",
  ops_acked: "Ops acknowledged by a device",
  ops_retried: "Ops sent again because their acknowledgement was late",
  ops_discarded: "Ops given up after the last retry",
  acks_ignored: "Acknowledgements of something that was not sent on that session",
} as const;
type CounterName = keyof typeof COUNTERS;

const GAUGES: Record<string, string> = {
  connections: "Live connections",
  device_actors: "Device actors in memory",
  user_actors: "User actors in memory",
  append_queue: "Pushes waiting for a commit",
  hydrations_waiting: "Connects waiting for the database",
  timers: "Timers that wait",
  event_loop_lag_seconds: "Longest delay of a timer since the last scrape",
};
const GAUGE_OF: Record<string, keyof Gauges> = {
  connections: "connections",
  device_actors: "devices",
  user_actors: "users",
  append_queue: "appendQueue",
  hydrations_waiting: "hydrations",
  timers: "timers",
  event_loop_lag_seconds: "loopLag",
};
