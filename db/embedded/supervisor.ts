import { delay } from "es-toolkit";
import { type Access, type Cluster, moveAccess } from "./cluster.ts";
import { type Postmaster, startPostmaster } from "./postmaster.ts";
import { StartError } from "./start_error.ts";

/** The wait before Postgres is started again, in ms: doubled each time it dies young, up to the longest. */
const SHORTEST_WAIT = 100;
const LONGEST_WAIT = 5_000;
/** Having lived so long, in ms, Postgres did not die of its start. */
const GROWN_UP = 30_000;
/** How long, in ms, a first start waits for the last processes of a killed Postgres to go. */
const FAREWELL = 15_000;
const PORTS_TRIED = 5;

export type SupervisorOptions = {
  readonly cluster: Cluster;
  readonly access: Access;
  readonly durable: boolean;
  readonly cacheMb: number;
  readonly log: (message: string, fields?: object) => void;
  readonly onExit: (exit: { pid: number; reason: string }) => void;
};

/** Keeps one Postgres running, always on the same port, until it is told to stop. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  #access: Access;
  #current: Postmaster | undefined;
  #watching: Promise<void> = Promise.resolve();
  #wait = SHORTEST_WAIT;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#access = options.access;
  }

  /**
   * Starts Postgres and returns where it listens.
   *
   * @throws {StartError} when it does not come up, for a reason that does not pass.
   */
  async start(): Promise<Access> {
    const { cluster } = this.#options;
    const began = performance.now();
    for (let portsTried = 1;;) {
      const postmaster = this.#spawn();
      if (await postmaster.ready) {
        this.#watching = this.#watch(postmaster);
        return this.#access;
      }
      const reason = await postmaster.ended;
      if (/TCP\/IP sockets/.test(reason) && portsTried++ < PORTS_TRIED) {
        this.#access = await moveAccess(cluster.folder, this.#access);
      } else if (/shared memory block|lock file/.test(reason) && performance.now() - began < FAREWELL) {
        await delay(SHORTEST_WAIT);
      } else {
        throw new StartError(`Cannot start the embedded Postgres in ${cluster.path}: ${reason}`);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop();
    await this.#watching;
  }

  #spawn(): Postmaster {
    const { cluster, durable, cacheMb, log } = this.#options;
    const onLine = (line: string) => log("Postgres says", { line });
    return this.#current = startPostmaster({ cluster, durable, port: this.#access.port, cacheMb, onLine });
  }

  async #watch(first: Postmaster): Promise<void> {
    let postmaster: Postmaster | undefined = first;
    while (postmaster) {
      const since = performance.now();
      const reason = await postmaster.ended;
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - since > GROWN_UP) this.#wait = SHORTEST_WAIT;
      this.#options.log("the embedded Postgres ended and is started again", { pid: postmaster.pid, reason });
      this.#options.onExit({ pid: postmaster.pid, reason });
      postmaster = await this.#restart();
    }
  }

  /** @returns the Postgres that runs now; undefined when it was to stop. */
  async #restart(): Promise<Postmaster | undefined> {
    const { signal } = this.#stopping;
    while (true) {
      await delay(this.#wait, { signal }).catch(() => {});
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
      if (signal.aborted) return undefined;
      const postmaster = this.#spawn();
      if (await postmaster.ready) {
        this.#options.log("the embedded Postgres is back", { pid: postmaster.pid });
        return postmaster;
      }
      if (signal.aborted) return undefined;
      this.#options.log("the embedded Postgres did not come back yet", { reason: await postmaster.ended });
    }
  }
}
