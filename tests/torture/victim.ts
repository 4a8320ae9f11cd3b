import { delay } from "es-toolkit";
import { join } from "node:path";
import { openSql, type Sql } from "../../db/sql.ts";
import { postgresPid } from "../support/embedded_server.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { type Kind, KINDS } from "./plan.ts";

const ADMIN_TOKEN = "torture-admin-token";
/** A server that is not up, or a database that is not back, after so long, ms, is not coming. */
const PATIENCE_MS = 60_000;

export type VictimOptions = {
  dataDir: string;
  /** Another program than `src/main.ts`. */
  main?: string | undefined;
  /** DLV-4, ms: the first wait for an acknowledgement; the longest is twice as long. */
  ackMs: number;
  /** Told of what is the server's fault. */
  problem: (what: string) => void;
  /** Told of what is worth knowing. */
  log: (line: string) => void;
};

/** The server under test, a process of its own with its embedded Postgres, always on the same port. */
export class Victim implements AsyncDisposable {
  readonly #o: VictimOptions;
  readonly port: number;
  #server: ServerProcess;
  /** Its end is our doing. */
  #ending = false;
  #dead = false;

  private constructor(options: VictimOptions, port: number, server: ServerProcess) {
    this.#o = options;
    this.port = port;
    this.#server = server;
    this.#watch(server);
  }

  static async start(options: VictimOptions): Promise<Victim> {
    const port = freePort();
    const victim = new Victim(options, port, await launch(options, port));
    for (const kind of KINDS) await victim.#configure(kind);
    return victim;
  }

  /** Starts it again where it has ended by itself. */
  async ensure(): Promise<void> {
    if (this.#dead) await this.restart("SIGKILL", 0);
  }

  /** SIGKILL, or SIGTERM and a drain, then a new process. */
  async restart(signal: "SIGKILL" | "SIGTERM", pauseMs: number): Promise<void> {
    await this.#end(signal);
    await delay(pauseMs);
    for (let tries = 1;; tries++) {
      try {
        this.#server = await launch(this.#o, this.port);
        break;
      } catch (error) {
        this.#o.problem(`the server did not come up: ${error instanceof Error ? error.message : error}`);
        if (tries === 3) throw error;
      }
    }
    this.#ending = this.#dead = false;
    this.#watch(this.#server);
  }

  /** SIGSTOP, and SIGCONT after so many ms. */
  async pause(ms: number): Promise<void> {
    this.#server.kill("SIGSTOP");
    await delay(ms);
    this.#server.kill("SIGCONT");
  }

  /** Stops Postgres at once, as `pg_ctl stop -m immediate` does; the server starts it again. */
  async crashPostgres(): Promise<void> {
    const pid = await postgresPid(this.#o.dataDir);
    Deno.kill(pid, "SIGQUIT");
    const deadline = Date.now() + PATIENCE_MS;
    while (await postgresPid(this.#o.dataDir).catch(() => pid) === pid || !await this.#answers()) {
      if (Date.now() > deadline) return this.#o.problem("Postgres did not come back");
      await delay(50);
    }
  }

  /** Connections to its database of our own. */
  async sql(max = 1): Promise<Sql> {
    const { port, password } = JSON.parse(await Deno.readTextFile(join(this.#o.dataDir, "postgres.json")));
    return openSql(`postgres://syncline:${password}@127.0.0.1:${port}/syncline`, { max });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#ending = true;
    const server = this.#server;
    try {
      server.kill(signal);
    } catch { /* it has ended by itself, and that was noted */ }
    const drained = await Promise.race([server.status, delay(signal === "SIGTERM" ? 35_000 : 10_000)]);
    // how long a drain may take is for a machine that has nothing else to do (OPS-3)
    if (signal === "SIGTERM" && drained?.code !== 0) {
      const said = server.output().split("\n").filter((line) => line.includes("cut short")).join(" ");
      this.#o.log(`the drain was cut short: ${drained ? `it ended with ${drained.code}: ${said}` : "35 s are over"}`);
    }
    await server[Symbol.asyncDispose]();
  }

  #watch(server: ServerProcess): void {
    void server.status.then(({ code, signal }) => {
      if (this.#ending || server !== this.#server) return;
      this.#dead = true;
      const last = server.output().split(/^error: /m).at(-1)!.slice(0, 2_000);
      this.#o.problem(`the server ended by itself with ${signal ?? code}: ${last}`);
    });
  }

  async #answers(): Promise<boolean> {
    const sql = await this.sql();
    try {
      await sql`select 1`;
      return true;
    } catch {
      return false;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  async #configure({ share: _, ...kind }: Kind): Promise<void> {
    const response = await fetch(`${this.#server.url}/api/instances/default_demo/configs`, {
      method: "POST",
      headers: { "Authorization": `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" },
      body: JSON.stringify({ ...kind, description: "for the torture" }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot make the config ${kind.bizType}: ${text}`);
  }
}

function launch({ dataDir, main, ackMs }: VictimOptions, port: number): Promise<ServerProcess> {
  const env = {
    DATA_DIR: dataDir,
    PORT: String(port),
    ADMIN_TOKEN,
    LOG_LEVEL: "warning",
    NO_COLOR: "1",
    ACK_TIMEOUT_MS: String(ackMs),
    ACK_TIMEOUT_MAX_MS: String(2 * ackMs),
  };
  return startProcess(env, PATIENCE_MS, main);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
