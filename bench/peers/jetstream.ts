import { AckPolicy, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { connect, createInbox, headers, Match, type NatsConnection } from "@nats-io/transport-node";
import { cpuSeconds } from "../support/cpu.ts";
import {
  type Candidate,
  type Daemon,
  midOf,
  type Publisher,
  startDaemon,
  type System,
  textOf,
  versionOf,
} from "./system.ts";

const COMMAND = "nats-server", STREAM = "USERS";

/** The ways to run it here; none where it is not installed. */
export async function jetstreams(): Promise<Candidate[]> {
  const version = await versionOf(COMMAND, "--version");
  if (version === undefined) return [];
  const plain = { name: `JetStream ${version}, file store, sync_interval default`, start: () => start("") };
  // 2.10 brought sync_interval; before it only the file system can be told to sync each write
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 2 || minor >= 10) {
    return [plain, {
      name: `JetStream ${version}, file store, sync_interval: always`,
      start: () => start("sync_interval: always"),
    }];
  }
  if (!await canSyncWrites()) {
    console.log(
      `nats-server ${version} knows no sync_interval, and chattr +S does not work here: no figure with syncs`,
    );
    return [plain];
  }
  return [plain, {
    name: `JetStream ${version}, file store, each write synced (chattr +S)`,
    start: () => start("", syncWrites),
  }];
}

async function start(setting: string, prepare?: (folder: string) => Promise<void>): Promise<System> {
  const daemon = await startDaemon(
    COMMAND,
    (port, folder) =>
      `listen: "127.0.0.1:${port}"\njetstream {\n  store_dir: "${folder}/store"\n  max_file_store: 8GB\n  ${setting}\n}\n`,
    prepare,
  );
  const connection = await connect({ servers: `127.0.0.1:${daemon.port}` });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: STREAM,
    subjects: ["user.*"],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
  });
  await connection.close();
  return new JetStream(daemon);
}

class JetStream implements System {
  readonly #daemon: Daemon;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  cpu(): number {
    return cpuSeconds(this.#daemon.pid);
  }

  /**
   * Requests on the core client with one subscription for all answers: the jetstream package's own `publish` takes four
   * times the CPU, and would be what is measured.
   */
  async publisher(): Promise<Publisher> {
    const connection = await this.#connect();
    const inbox = createInbox();
    const waiting = new Map<string, (answer: string) => void>();
    connection.subscribe(`${inbox}.*`, {
      callback(error, message) {
        if (error) throw error;
        waiting.get(message.subject)!(message.string());
        waiting.delete(message.subject);
      },
    });
    let n = 0;
    return {
      async publish(user, mid) {
        const reply = `${inbox}.${n++}`;
        const id = headers();
        id.set("Nats-Msg-Id", mid, Match.Exact);
        const answer = await new Promise<string>((resolve) => {
          waiting.set(reply, resolve);
          connection.publish(`user.${user}`, textOf(mid), { reply, headers: id });
        });
        if (!answer.includes(`"seq"`) || answer.includes(`"duplicate"`)) {
          throw new Error(`Cannot count this: ${answer}`);
        }
      },
      [Symbol.asyncDispose]: () => connection.close(),
    };
  }

  /** A durable push consumer each, with explicit acknowledgement. */
  async consumers(count: number, onMessage: (mid: string) => void): Promise<AsyncDisposable> {
    const connections: NatsConnection[] = [];
    for (let user = 0; user < count; user++) connections.push(await this.#consumer(user, onMessage));
    return {
      async [Symbol.asyncDispose]() {
        await Promise.all(connections.map((connection) => connection.close()));
      },
    };
  }

  async #consumer(user: number, onMessage: (mid: string) => void): Promise<NatsConnection> {
    const connection = await this.#connect();
    connection.subscribe(`deliver.${user}`, {
      callback(error, message) {
        if (error) throw error;
        onMessage(midOf(message.string()));
        message.respond("+ACK");
      },
    });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await manager.consumers.add(STREAM, {
      durable_name: `device-${user}`,
      deliver_subject: `deliver.${user}`,
      filter_subject: `user.${user}`,
      ack_policy: AckPolicy.Explicit,
    });
    return connection;
  }

  #connect(): Promise<NatsConnection> {
    return connect({ servers: `127.0.0.1:${this.#daemon.port}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}

/** Files made in the folder from now on are opened as if with O_SYNC. */
async function syncWrites(folder: string): Promise<void> {
  const { success } = await new Deno.Command("chattr", { args: ["+S", folder], stderr: "null" }).output();
  if (!success) throw new Error("Cannot sync each write: chattr +S failed");
}

async function canSyncWrites(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    await syncWrites(folder);
    return true;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}
