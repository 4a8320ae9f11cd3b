import assert from "node:assert/strict";
import { openSql } from "../../db/sql.ts";
import { ConfigError, readConfig } from "../../src/config.ts";

function sentence(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message;
  }
  return "no error";
}

Deno.test("[OPS-1] readConfig takes the documented defaults from an empty environment", () => {
  assert.deepEqual(readConfig({}), {
    port: 8080,
    host: "127.0.0.1",
    internalPort: undefined,
    publicHost: "127.0.0.1",
    publicPort: 8080,
    tls: undefined,
    databaseUrl: undefined,
    dataDir: "./data",
    postgresConnections: 8,
    postgresCacheMb: 256,
    adminToken: undefined,
    secretKey: undefined,
    secretKeyOld: undefined,
    logLevel: "info",
    tracing: false,
    demo: false,
    ackTimeoutMs: 10_000,
    ackTimeoutMaxMs: 60_000,
    maxRetries: 6,
    heartbeatMs: 45_000,
    helloTimeoutMs: 10_000,
    windowOps: 100,
    windowBytes: 262_144,
    appendQueueMax: 10_000,
    maxConnections: 19_000,
    unfinishedBytes: 268_435_456,
    addressLimits: { concurrent: 2_000, perSecond: 200, privateToo: false },
    trustedProxies: [],
    rateLimitPerSecond: 0,
    validateUrlNetworks: "private",
  });
});

Deno.test("[OPS-1] readConfig reads every variable", () => {
  const config = readConfig({
    PORT: "9000",
    HOST: "::",
    DATABASE_URL: "postgres://user:pass@db:5432/sync?sslmode=require",
    DATA_DIR: "/data with spaces",
    ADMIN_TOKEN: "t0ken",
    TLS_CERT_FILE: "cert.pem",
    TLS_KEY_FILE: "key.pem",
    INTERNAL_PORT: "9001",
    SYNC_PUBLIC_HOST: "sync.example.com",
    SYNC_PUBLIC_PORT: "443",
    LOG_LEVEL: "warning",
    OTEL_DENO: "true",
    DEMO: "1",
    ACK_TIMEOUT_MS: "200",
    ACK_TIMEOUT_MAX_MS: "400",
    MAX_RETRIES: "2",
    HEARTBEAT_MS: "1000",
    HELLO_TIMEOUT_MS: "2000",
    WINDOW_OPS: "10",
    WINDOW_BYTES: "20000",
    APPEND_QUEUE_MAX: "5",
    MAX_CONNECTIONS: "7",
    UNFINISHED_BYTES: "1000",
    MAX_CONNECTIONS_PER_ADDRESS: "8",
    CONNECTS_PER_SECOND_PER_ADDRESS: "9",
    LIMIT_PRIVATE_ADDRESSES: "1",
    TRUSTED_PROXIES: "10.0.0.0/8, fd00::1",
    RATE_LIMIT_PER_SECOND: "100",
    VALIDATE_URL_NETWORKS: "public",
    SECRET_KEY: "sixteen letters.",
    SECRET_KEY_OLD: "sixteen numbers.",
    POSTGRES_CONNECTIONS: "3",
    POSTGRES_CACHE_MB: "2048",
  });
  assert.deepEqual(config, {
    port: 9000,
    host: "::",
    databaseUrl: "postgres://user:pass@db:5432/sync?sslmode=require",
    dataDir: "/data with spaces",
    adminToken: "t0ken",
    tls: { certFile: "cert.pem", keyFile: "key.pem" },
    internalPort: 9001,
    publicHost: "sync.example.com",
    publicPort: 443,
    logLevel: "warning",
    tracing: true,
    demo: true,
    ackTimeoutMs: 200,
    ackTimeoutMaxMs: 400,
    maxRetries: 2,
    heartbeatMs: 1000,
    helloTimeoutMs: 2000,
    windowOps: 10,
    windowBytes: 20_000,
    appendQueueMax: 5,
    maxConnections: 7,
    unfinishedBytes: 1_000,
    addressLimits: { concurrent: 8, perSecond: 9, privateToo: true },
    trustedProxies: ["10.0.0.0/8", "fd00::1"],
    rateLimitPerSecond: 100,
    validateUrlNetworks: "public",
    secretKey: "sixteen letters.",
    secretKeyOld: "sixteen numbers.",
    postgresConnections: 3,
    postgresCacheMb: 2048,
  });
});

Deno.test("[INS-3] readConfig takes HOST and PORT for the public address", () => {
  const { publicHost, publicPort } = readConfig({ HOST: "10.0.0.1", PORT: "81" });
  assert.deepEqual({ publicHost, publicPort }, { publicHost: "10.0.0.1", publicPort: 81 });
});

Deno.test("[OPS-1] readConfig takes an empty or blank value for an absent one", () => {
  assert.deepEqual(readConfig({ PORT: "", DATABASE_URL: " ", DEMO: "", INTERNAL_PORT: "\n" }), readConfig({}));
});

Deno.test("[OPS-1] readConfig refuses an unreadable value with a sentence naming it", () => {
  const cases: [Record<string, string>, string][] = [
    [{ PORT: "eighty" }, 'PORT is "eighty", but must be a whole number from 0 to 65535'],
    [{ PORT: "65536" }, 'PORT is "65536", but must be a whole number from 0 to 65535'],
    [{ PORT: "-1" }, 'PORT is "-1", but must be a whole number from 0 to 65535'],
    [{ PORT: "8080.5" }, 'PORT is "8080.5", but must be a whole number from 0 to 65535'],
    [{ PORT: "0x50" }, 'PORT is "0x50", but must be a whole number from 0 to 65535'],
    [{ HOST: "http://localhost" }, 'HOST is "http://localhost", but must be a host name or an IP address'],
    [
      { LOG_LEVEL: "loud" },
      'LOG_LEVEL is "loud", but must be one of trace, debug, info, warning, error, fatal',
    ],
    [{ DEMO: "maybe" }, 'DEMO is "maybe", but must be 1 or 0'],
    [{ MAX_RETRIES: "1e3" }, 'MAX_RETRIES is "1e3", but must be a whole number from 0 to 100'],
    [
      { TRUSTED_PROXIES: "10.0.0.0/8,nginx" },
      'TRUSTED_PROXIES is "10.0.0.0/8,nginx", but must be addresses or networks like 10.0.0.0/8, separated by commas',
    ],
    [{ SYNC_PUBLIC_PORT: "0" }, 'SYNC_PUBLIC_PORT is "0", but must be a whole number from 1 to 65535'],
    [{ TLS_CERT_FILE: "a" }, "TLS_CERT_FILE is set, so TLS_KEY_FILE must be too"],
    [{ TLS_KEY_FILE: "a" }, "TLS_KEY_FILE is set, so TLS_CERT_FILE must be too"],
    [{ INTERNAL_PORT: "8080" }, "INTERNAL_PORT is 8080, but must not be the same as PORT"],
    [
      { ACK_TIMEOUT_MS: "90000" },
      "ACK_TIMEOUT_MAX_MS is 60000, but must be at least ACK_TIMEOUT_MS, which is 90000",
    ],
    [{ SECRET_KEY_OLD: "sixteen numbers." }, "SECRET_KEY_OLD is set, so SECRET_KEY must be too"],
  ];
  for (const [env, expected] of cases) assert.equal(sentence(env), `Cannot start: ${expected}.`);
});

Deno.test("[OPS-1] readConfig names every unreadable value in one sentence", () => {
  assert.equal(
    sentence({ PORT: "x", DEMO: "y" }),
    'Cannot start: PORT is "x", but must be a whole number from 0 to 65535; DEMO is "y", but must be 1 or 0.',
  );
});

Deno.test("[OPS-1] readConfig never repeats a secret, not even a wrong one", () => {
  const secrets = {
    DATABASE_URL: "mysql://u:hunter2@h/d",
    ADMIN_TOKEN: "hunter2 hunter2",
    SECRET_KEY: "hunter2",
    SECRET_KEY_OLD: "hunter2",
  };
  const message = sentence(secrets);
  for (const name of Object.keys(secrets)) assert.match(message, new RegExp(name));
  assert.doesNotMatch(message, /hunter2/);
});

Deno.test("[OPS-1] a DATABASE_URL that the driver cannot read stops the start without being repeated", () => {
  const rest = [
    "/hunter2@h/d",
    "#hunter2@h/d",
    "?hunter2@h/d",
    "%zzhunter2@h/d",
    "hunter2@h:54x32/d",
    "hunter2@[::1/d",
  ];
  for (const end of rest) {
    const message = sentence({ DATABASE_URL: `postgres://u:s3cr${end}` });
    assert.match(message, /^Cannot start: DATABASE_URL is set to something else, but must be like/, end);
    assert.doesNotMatch(message, /hunter2|s3cr/);
  }
});

Deno.test("[OPS-1] a DATABASE_URL may hold several hosts, a socket's folder and any password in its written form", async () => {
  for (
    const databaseUrl of [
      "postgres://u:p@one:5432,two:5433/d?target_session_attrs=primary",
      "postgres://u:p,q@one,two/d",
      "postgresql://u:%2F%23%3F%40%25@[::1]:5432/d",
      "postgres:///d?host=/var/run/postgresql",
      "postgres://u@%2Fvar%2Frun%2Fpostgresql/d",
    ]
  ) {
    assert.equal(readConfig({ DATABASE_URL: databaseUrl }).databaseUrl, databaseUrl);
    await openSql(databaseUrl).end();
  }
});
