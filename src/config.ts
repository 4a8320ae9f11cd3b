import { z } from "zod";
import { NETWORKS } from "./address_guard.ts";
import { isNetwork } from "./trusted_proxies.ts";

/** The environment cannot be used. The message names each variable, what is wrong with it and what is allowed. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Variables whose values never appear in a message, right or wrong. */
const SECRET = new Set(["DATABASE_URL", "ADMIN_TOKEN", "SECRET_KEY", "SECRET_KEY_OLD"]);

const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

const text = (form: RegExp, allowed: string) => z.string().regex(form, allowed);
const file = () => text(/./, "the name of a file");
const host = () => text(/^[\w.:%-]+$/, "a host name or an IP address");
const flag = () =>
  z.enum(["1", "true", "0", "false"], "1 or 0").transform((value) => value === "1" || value === "true");
const whole = (min: number, max: number) =>
  text(/^\d{1,15}$/, `a whole number from ${min} to ${max}`)
    .refine((value) => Number(value) >= min && Number(value) <= max, `a whole number from ${min} to ${max}`)
    .transform(Number);

const DATABASE_URL_RULE = "like postgres://user:password@host:5432/database, " +
  "where / # ? @ % in a name or password are written as %2F %23 %3F %40 %25";

/** Whether the driver can read it: what it says of one that it cannot holds all of it. Of several hosts the first tells. */
function isDatabaseUrl(value: string): boolean {
  if (!/^postgres(ql)?:\/\/\S+$/.test(value)) return false;
  try {
    const url = new URL(value.replace(/^(\w+:\/\/(?:[^/?#]*@)?[^,/?#]*),[^/?#]*/, "$1"));
    for (const part of [url.username, url.password, url.host]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** The longest time in ms that a variable may ask for: a day. */
const DAY = 86_400_000;

/** Every variable that the server reads (OPS-1), with its default. Empty counts as absent. */
const Variables = z.object({
  /** Port for clients, and without INTERNAL_PORT for everything. 0: any free one. */
  PORT: whole(0, 65_535).default(8080),
  HOST: host().default("127.0.0.1"),
  /** Absent: the embedded Postgres under DATA_DIR. */
  DATABASE_URL: z.string().refine(isDatabaseUrl, DATABASE_URL_RULE).optional(),
  DATA_DIR: file().default("./data"),
  /** Bearer token for the admin API. Absent: there is no such token. */
  ADMIN_TOKEN: text(/^[\x21-\x7e]+$/, "printable ASCII characters without spaces").optional(),
  TLS_CERT_FILE: file().optional(),
  TLS_KEY_FILE: file().optional(),
  /** Where the REST API, console, admin API and metrics listen, and only there. Absent: on PORT. */
  INTERNAL_PORT: whole(0, 65_535).optional(),
  /** What `meta.config` tells clients (INS-3). Absent: HOST and PORT. */
  SYNC_PUBLIC_HOST: host().optional(),
  SYNC_PUBLIC_PORT: whole(1, 65_535).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(", ")}`).default("info"),
  /** Whether an empty database gets the demo instance (OPS-4). */
  DEMO: flag().default(false),
  /** DLV-4, in ms: the first wait for an ack, and the longest. */
  ACK_TIMEOUT_MS: whole(10, DAY).default(10_000),
  ACK_TIMEOUT_MAX_MS: whole(10, DAY).default(60_000),
  MAX_RETRIES: whole(0, 100).default(6),
  /** How long, in ms, a client may be silent. */
  HEARTBEAT_MS: whole(100, DAY).default(45_000),
  /** How long, in ms, a new connection may take for its hello. */
  HELLO_TIMEOUT_MS: whole(100, DAY).default(10_000),
  /** DLV-3: unacked ops, and their bytes, per stream and session. */
  WINDOW_OPS: whole(1, 10_000).default(100),
  WINDOW_BYTES: whole(16_384, 67_108_864).default(262_144),
  /** Pushes that may wait for the database before others are answered 503. */
  APPEND_QUEUE_MAX: whole(1, 1_000_000).default(10_000),
  /** Client connections of this process. */
  MAX_CONNECTIONS: whole(1, 1_000_000).default(19_000),
  /** Memory that unfinished messages of clients may take before all are asked for a sign of life. */
  UNFINISHED_BYTES: whole(0, 1_099_511_627_776).default(268_435_456),
  /** Client connections of one address at once, and new ones a second; 0: no limit. */
  MAX_CONNECTIONS_PER_ADDRESS: whole(0, 1_000_000).default(2_000),
  CONNECTS_PER_SECOND_PER_ADDRESS: whole(0, 1_000_000).default(200),
  /** Whether both hold for private addresses, too, which are a proxy's as a rule. */
  LIMIT_PRIVATE_ADDRESSES: flag().default(false),
  /** Proxies in front, whose X-Forwarded-For is believed: their addresses and networks. */
  TRUSTED_PROXIES: z.string().transform((value) => value.split(",").map((one) => one.trim()))
    .refine((list) => list.every(isNetwork), "addresses or networks like 10.0.0.0/8, separated by commas").optional(),
  /** Pushes a second and instance. 0: no limit. */
  RATE_LIMIT_PER_SECOND: whole(0, 1_000_000).default(0),
  /** Where tenants' validation URLs may lead: the internet, also one's own networks, or also link-local and metadata. */
  VALIDATE_URL_NETWORKS: z.enum(NETWORKS, `one of ${NETWORKS.join(", ")}`).default("private"),
  /**
   * From it the key is made under which secrets lie in the database. Absent: the embedded database gets a key of its own
   * in DATA_DIR; in another one they lie as they are.
   */
  SECRET_KEY: text(/^.{16,}$/, "at least 16 characters long").optional(),
  /** The key before the last change: what was encrypted with it is read, and encrypted anew. */
  SECRET_KEY_OLD: text(/^.{16,}$/, "at least 16 characters long").optional(),
  /** Deno's own switch for OpenTelemetry; with it on, pushes are traced. */
  OTEL_DENO: flag().default(false),
  POSTGRES_CONNECTIONS: whole(1, 1_000).default(8),
  /** The embedded Postgres' own cache of pages, MB. */
  POSTGRES_CACHE_MB: whole(16, 1_000_000).default(256),
});

/** The settings of one server process. */
export type Config = Readonly<ReturnType<typeof toConfig>>;

/**
 * Reads the environment.
 *
 * @throws {ConfigError} naming every variable that is unreadable or does not fit another.
 *
 * @example
 * ```ts
 * const config = readConfig(Deno.env.toObject());
 * ```
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = new Map<string, string>();
  for (const name of Object.keys(Variables.shape)) {
    const value = env[name]?.trim();
    if (value) given.set(name, value);
  }
  const { data, error } = Variables.safeParse(Object.fromEntries(given));
  if (error) {
    const problems = new Map(error.issues.map(({ path: [name], message }) => [String(name), message]));
    throw new ConfigError(`Cannot start: ${
      [...problems].map(([name, allowed]) => {
        const value = SECRET.has(name) ? "set to something else" : JSON.stringify(given.get(name));
        return `${name} is ${value}, but must be ${allowed}`;
      }).join("; ")
    }.`);
  }
  const conflict = findConflict(data);
  if (conflict) throw new ConfigError(`Cannot start: ${conflict}.`);
  return toConfig(data);
}

type Values = z.output<typeof Variables>;

function findConflict(values: Values): string | undefined {
  if (values.TLS_CERT_FILE && !values.TLS_KEY_FILE) return "TLS_CERT_FILE is set, so TLS_KEY_FILE must be too";
  if (values.TLS_KEY_FILE && !values.TLS_CERT_FILE) return "TLS_KEY_FILE is set, so TLS_CERT_FILE must be too";
  if (values.SECRET_KEY_OLD && !values.SECRET_KEY) return "SECRET_KEY_OLD is set, so SECRET_KEY must be too";
  if (values.INTERNAL_PORT === values.PORT && values.PORT !== 0) {
    return `INTERNAL_PORT is ${values.PORT}, but must not be the same as PORT`;
  }
  if (values.ACK_TIMEOUT_MAX_MS < values.ACK_TIMEOUT_MS) {
    return `ACK_TIMEOUT_MAX_MS is ${values.ACK_TIMEOUT_MAX_MS}, but must be at least ACK_TIMEOUT_MS, ` +
      `which is ${values.ACK_TIMEOUT_MS}`;
  }
  return undefined;
}

function toConfig(values: Values) {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = values;
  return {
    port: values.PORT,
    host: values.HOST,
    internalPort: values.INTERNAL_PORT,
    publicHost: values.SYNC_PUBLIC_HOST ?? values.HOST,
    publicPort: values.SYNC_PUBLIC_PORT ?? values.PORT,
    tls: certFile && keyFile ? { certFile, keyFile } : undefined,
    databaseUrl: values.DATABASE_URL,
    dataDir: values.DATA_DIR,
    postgresConnections: values.POSTGRES_CONNECTIONS,
    postgresCacheMb: values.POSTGRES_CACHE_MB,
    adminToken: values.ADMIN_TOKEN,
    validateUrlNetworks: values.VALIDATE_URL_NETWORKS,
    secretKey: values.SECRET_KEY,
    secretKeyOld: values.SECRET_KEY_OLD,
    logLevel: values.LOG_LEVEL,
    tracing: values.OTEL_DENO,
    demo: values.DEMO,
    ackTimeoutMs: values.ACK_TIMEOUT_MS,
    ackTimeoutMaxMs: values.ACK_TIMEOUT_MAX_MS,
    maxRetries: values.MAX_RETRIES,
    heartbeatMs: values.HEARTBEAT_MS,
    helloTimeoutMs: values.HELLO_TIMEOUT_MS,
    windowOps: values.WINDOW_OPS,
    windowBytes: values.WINDOW_BYTES,
    appendQueueMax: values.APPEND_QUEUE_MAX,
    maxConnections: values.MAX_CONNECTIONS,
    unfinishedBytes: values.UNFINISHED_BYTES,
    addressLimits: {
      concurrent: values.MAX_CONNECTIONS_PER_ADDRESS,
      perSecond: values.CONNECTS_PER_SECOND_PER_ADDRESS,
      privateToo: values.LIMIT_PRIVATE_ADDRESSES,
    },
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    rateLimitPerSecond: values.RATE_LIMIT_PER_SECOND,
  };
}
