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

/**
 * What JSON lets through and a terminal or a reader obeys: control characters of the second set, line and paragraph
 * separators, marks that turn the direction of writing. Ids come from outside, and may hold the latter three.
 */
const UNSEEN = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Written at once, not buffered: the lines before a crash are those that are needed. */
function stdout(): Sink {
  const format = getJsonLinesFormatter({ properties: "nest:fields" });
  return getConsoleSink({
    formatter: (record) => format(record).replace(UNSEEN, escaped),
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
