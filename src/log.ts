import {
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger as getLogtapeLogger,
  type Logger,
  type Sink,
} from "@logtape/logtape";
import type { LogLevel } from "./config.ts";

const ROOT = "syncline";

/** Names of fields that hold payloads or secrets. The rule is not to log them; this is for the day someone forgets. */
const NEVER = /^(payload|binaryPayload|pl|msgData|password|cookie|authorization|.*secret.*|.*token|.*key)$/i;
/** The user or device id of a push, by the REST API's name for it. */
const HARMLESS = new Set(["linkToken"]);

/**
 * Sends the log to standard output from now on, one JSON object a line: `@timestamp`, `level`, `logger`, `message`, and
 * under `fields` what was given along. Called once, by `main.ts`; until then nothing is logged, as in tests.
 */
export function configureLogging(level: LogLevel): void {
  configureSync({
    reset: true,
    sinks: { stdout: withoutSecrets(stdout()) },
    loggers: [
      { category: ROOT, sinks: ["stdout"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["stdout"], lowestLevel: "warning" },
    ],
  });
}

/**
 * The logger of one part of the server. Messages are fixed sentences; what varies goes into fields.
 *
 * @example
 * ```ts
 * getLogger("push").info("config went offline", { instanceId, bizType });
 * ```
 */
export function getLogger(...category: string[]): Logger {
  return getLogtapeLogger([ROOT, ...category]);
}

/** Written at once, not buffered: the lines before a crash are those that are needed. */
function stdout(): Sink {
  return getConsoleSink({
    formatter: getJsonLinesFormatter({ properties: "nest:fields" }),
    levelMap: { trace: "log", debug: "log", info: "log", warning: "log", error: "log", fatal: "log" },
  });
}

function withoutSecrets(sink: Sink): Sink {
  return (record) => sink({ ...record, properties: redact(record.properties) });
}

function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isSecret(name) ? "[left out]" : redactValue(value)]),
  );
}

function isSecret(name: string): boolean {
  return NEVER.test(name) && !HARMLESS.has(name);
}

function redactValue(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return redact({ ...value });
  }
  return value;
}

/** Without the fields of the error, since a database's error can hold the row that it refused. */
function describeError(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${describeError(error.cause)}` : own;
}
