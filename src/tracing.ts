import { context, type Link, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import type { Bus } from "../actors/bus.ts";
import type { Session } from "../actors/session.ts";
import type { Config } from "../db/catalog.ts";
import type { Appended, NewOp, Oplog } from "../db/oplog.ts";
import type { Ack } from "./protocol.ts";

/** Deliveries that are watched for their acknowledgement; the oldest is given up for a new one. */
const WATCHED_MAX = 10_000;

/** What of the push path can be traced; each part goes on as it is. */
export type Traced = {
  append: (op: NewOp) => Promise<Appended>;
  bus: Bus;
};

/**
 * Spans of a push through Deno's own OpenTelemetry (docs/operations.md#traces). Made only where that is turned on
 * (`OTEL_DENO`), and wrapped around the parts where they are put together: otherwise none of this runs.
 *
 * A push shows as `append` (in the queue, then the commit) and `deliver` (the owner's actor decides and sends) below the
 * request's own span, then `delivery`, which ends with the acknowledgement. `commit` is one write to the log, for all
 * pushes that shared it. No span holds a user, a device, a thirdMsgId or a payload.
 */
export class Tracing {
  readonly #tracer: Tracer;
  /** `delivery` spans by what an acknowledgement says of them; the oldest first. */
  readonly #watched = new Map<string, Span>();
  /** Spans of the appends that the next commit may hold. */
  readonly #waiting = new Map<NewOp, Span>();

  constructor(tracer: Tracer = trace.getTracer("syncline")) {
    this.#tracer = tracer;
  }

  /** The push path below a request. */
  wrap({ append, bus }: Traced): Traced {
    return {
      append: (op) =>
        this.#tracer.startActiveSpan("append", async (span) => {
          this.#waiting.set(op, span);
          try {
            const result = await append(op);
            span.setAttribute("syncline.outcome", result.outcome);
            return result;
          } catch (error) {
            span.setStatus({ code: SpanStatusCode.ERROR, message: nameOf(error) });
            throw error;
          } finally {
            this.#waiting.delete(op);
            span.end();
          }
        }),
      bus: {
        deliver: (config, owner, read, prev) =>
          this.#deliver(config, (span) => {
            let id = 0;
            const eligible = bus.deliver(config, owner, () => {
              const op = read();
              id = op.id;
              return op;
            }, prev);
            if (eligible && config.scope !== "global") this.#watch(config, owner, id, span);
            return eligible;
          }),
        deliverVolatile: (config, owner, op) => this.#deliver(config, () => bus.deliverVolatile(config, owner, op)),
      },
    };
  }

  /** The log below the queue: one span a commit, linked to all pushes in it. */
  wrapLog(log: Oplog): Oplog {
    return {
      append: (ops) => {
        const spans = ops.map((op) => this.#waiting.get(op)).filter((span) => span !== undefined);
        const links: Link[] = spans.map((span) => ({ context: span.spanContext() }));
        const attributes = { "db.system.name": "postgresql", "syncline.ops": ops.length };
        const parent = spans[0] ? trace.setSpan(context.active(), spans[0]) : context.active();
        const options = { kind: SpanKind.CLIENT, links, attributes };
        return this.#tracer.startActiveSpan("commit", options, parent, (span) =>
          log.append(ops).catch((error) => {
            span.setStatus({ code: SpanStatusCode.ERROR, message: nameOf(error) });
            throw error;
          }).finally(() => span.end()));
      },
    };
  }

  /** A client acknowledged: the deliveries that this covers end. */
  acked(session: Session, { scope, biz, id, ids = [] }: Ack): void {
    const owner = scope === "user" ? session.bound?.userId : session.deviceId;
    if (owner === undefined) return;
    for (const one of id === undefined ? ids : [id, ...ids]) {
      const key = keyOf(session.instance.no, biz, owner, one);
      this.#watched.get(key)?.end();
      this.#watched.delete(key);
    }
  }

  #deliver(config: Config, deliver: (span: Span) => boolean): boolean {
    return this.#tracer.startActiveSpan("deliver", (span) => {
      try {
        const eligible = deliver(span);
        span.setAttributes({ "syncline.biz_type": config.bizType, "syncline.handed_on": eligible });
        return eligible;
      } finally {
        span.end();
      }
    });
  }

  #watch(config: Config, owner: string, id: number, parent: Span): void {
    const options = { kind: SpanKind.PRODUCER, attributes: { "syncline.biz_type": config.bizType } };
    const span = this.#tracer.startSpan("delivery", options, trace.setSpan(context.active(), parent));
    this.#watched.set(keyOf(config.instance, config.bizType, owner, id), span);
    if (this.#watched.size <= WATCHED_MAX) return;
    const [[key, oldest] = []] = this.#watched;
    oldest?.setAttribute("syncline.outcome", "not watched to its end").end();
    this.#watched.delete(key!);
  }
}

const keyOf = (instance: number, biz: string, owner: string, id: number) => `${instance} ${biz} ${id} ${owner}`;
/** An error's message can hold what a row held. */
const nameOf = (error: unknown) => error instanceof Error ? error.name : "error";
