/** A span as it comes over OTLP/HTTP with JSON. */
export type ReceivedSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  kind: number;
  /** ns since 1970. */
  start: bigint;
  end: bigint;
  scope: string;
  service: string;
  attributes: Record<string, string>;
  /** Ids of the spans that it points to. */
  links: string[];
};

type Attribute = { key: string; value: Record<string, unknown> };
type Export = {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      scope: { name: string };
      spans: (
        & Pick<ReceivedSpan, "name" | "traceId" | "spanId" | "parentSpanId" | "kind">
        & { startTimeUnixNano: string; endTimeUnixNano: string; attributes: Attribute[]; links: { spanId: string }[] }
      )[];
    }[];
  }[];
};

/** A collector of OpenTelemetry that keeps what it is sent. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Everything that came, as text. */
  raw = "";
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #waiting: (() => void)[] = [];

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const text = await request.text();
      if (new URL(request.url).pathname === "/v1/traces") this.#take(text);
      return Response.json({});
    });
  }

  /** Variables that make a server send its traces here, soon. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "syncline-test",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_DENO_CONSOLE: "ignore",
    };
  }

  /** Waits until spans are there that the condition accepts. @throws when they do not come within `ms` */
  async until(condition: () => boolean, ms = 20_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Cannot see these spans within ${ms} ms: ${this.spans.map(({ name }) => name)}`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #take(text: string): void {
    this.raw += text;
    const sent: Export = JSON.parse(text);
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      const service = read(resource.attributes)["service.name"] ?? "";
      for (const { scope, spans } of scopeSpans) {
        for (const { startTimeUnixNano, endTimeUnixNano, attributes, links, ...span } of spans) {
          const times = { start: BigInt(startTimeUnixNano), end: BigInt(endTimeUnixNano) };
          const pointed = links.map(({ spanId }) => spanId);
          this.spans.push({
            ...span,
            ...times,
            scope: scope.name,
            service,
            attributes: read(attributes),
            links: pointed,
          });
        }
      }
    }
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

const read = (attributes: Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
