import { cpuSeconds } from "../support/cpu.ts";
import { MqttClient } from "./mqtt_client.ts";
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

const COMMAND = "mosquitto";
/** Sessions that are made at once. */
const AT_ONCE = 64;

/** The ways to run it here; none where it is not installed. */
export async function mosquittos(): Promise<Candidate[]> {
  const version = await versionOf(COMMAND, "-h");
  if (version === undefined) return [];
  return [1800, 1].map((seconds) => ({
    name: `Mosquitto ${version}, no sync per message, autosave_interval ${seconds} s`,
    start: (stored) => start(seconds, stored),
  }));
}

async function start(autosave: number, stored: number): Promise<System> {
  const daemon = await startDaemon(COMMAND, (port, folder) =>
    [
      `listener ${port} 127.0.0.1`,
      "user root",
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${folder}/`,
      `autosave_interval ${autosave}`,
      // without limits, it drops what is over 1,000 messages for a session
      "max_queued_messages 0",
      "max_inflight_messages 100",
      "set_tcp_nodelay true",
      "log_type none",
    ].join("\n"));
  let user = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (user < stored) await register(daemon.port, user++);
  }));
  return new Mosquitto(daemon);
}

/** A message is kept only for sessions that subscribed before. */
async function register(port: number, user: number): Promise<void> {
  await MqttClient.register(port, `device-${user}`, topicOf(user));
}

const topicOf = (user: number) => `user/${user}`;

class Mosquitto implements System {
  readonly #daemon: Daemon;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  cpu(): number {
    return cpuSeconds(this.#daemon.pid);
  }

  async publisher(): Promise<Publisher> {
    const client = await MqttClient.open(this.#daemon.port, "publisher");
    return {
      publish: (user, mid) => client.publish(topicOf(user), textOf(mid)),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  }

  async consumers(count: number, onMessage: (mid: string) => void): Promise<AsyncDisposable> {
    const clients = await Promise.all(
      Array.from(
        { length: count },
        (_, user) =>
          MqttClient.open(this.#daemon.port, `device-${user}`, topicOf(user), (text) => onMessage(midOf(text))),
      ),
    );
    return {
      async [Symbol.asyncDispose]() {
        await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}
