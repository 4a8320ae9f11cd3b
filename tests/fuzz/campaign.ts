/** Fuzzes a live server in a process of its own, and says what is wrong with how it took it. */
import fc from "fast-check";
import { SUBPROTOCOL } from "../../src/protocol.ts";
import { RawClient, user } from "../support/client.ts";
import { message, post } from "../support/rest.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { type Script, script, USERS } from "./frames.ts";
import { type FuzzRequest, request, VICTIM } from "./requests.ts";
import { encode, text, Wire } from "./wire.ts";

export type CampaignOptions = {
  databaseUrl: string;
  seed: number;
  /** How many to send at least. */
  frames: number;
  requests: number;
  progress?: (line: string) => void;
};

export type Report = {
  frames: number;
  connections: number;
  requests: number;
  /** How connections ended and requests were answered, by code. */
  outcomes: Record<string, number>;
  /** Memory of the server, bytes: after a tenth of the work, and at the end. */
  warm: number;
  end: number;
};

const TOKEN = "fuzz-token";
/** At once. */
const LANES = 12;
/** Closes that an abuser may get; everything else is our fault. 1002, 1007 and the like are the runtime's own. */
const DESERVED = new Set([0, 1000, 1002, 1003, 1005, 1007, 1009, 4400, 4401, 4404, 4409, 4413, 4426, 4429]);
const PATIENCE_MS = 30_000;
/** How long a close may take to come, before the next frame could destroy it. */
const CLOSE_MS = 10;
/** So many are told before it is given up. */
const PROBLEMS = 20;
const COMPLAINT = /"level":"(ERROR|FATAL)"|error: Uncaught/;

/** @throws {AggregateError} naming the scripts and requests that were answered wrongly, and what the server logged */
export async function campaign(options: CampaignOptions): Promise<Report> {
  await using server = await startProcess({
    DATABASE_URL: options.databaseUrl,
    ADMIN_TOKEN: TOKEN,
    LOG_LEVEL: "warning",
  }, 60_000);
  await admin(server, "POST", "/api/instances", { workspaceId: "fuzz", appId: "app", name: "Fuzz" });
  await using bystander = await RawClient.connect(server, { deviceId: "honest-1", user: user("honest") });
  const report: Report = { frames: 0, connections: 0, requests: 0, outcomes: {}, warm: 0, end: 0 };
  const problems: unknown[] = [];
  const count = (outcome: Promise<string>) =>
    outcome.then(
      (name) => report.outcomes[name] = (report.outcomes[name] ?? 0) + 1,
      (error) => problems.push(error),
    );

  const scripts = endless(script, options.seed), requests = endless(request, options.seed + 1);
  const total = options.frames + options.requests;
  let said = 0;
  const work = async () => {
    while (problems.length < PROBLEMS) {
      const doFrames = report.frames < options.frames;
      if (!doFrames && report.requests >= options.requests) return;
      // both in turn, so that each disturbs the other
      const due = report.requests * options.frames <= report.frames * options.requests;
      if (report.requests < options.requests && (due || !doFrames)) {
        report.requests++;
        await count(ask(server, requests.next().value));
      } else {
        const next = scripts.next().value;
        report.frames += next.frames.length + 1;
        report.connections++;
        await count(talk(server, next));
        if (report.connections % 20 === 0) await pushToUsers(server);
      }
      const done = report.frames + report.requests;
      if (report.warm === 0 && done > total / 10) report.warm = await memory(server);
      if (done > said + total / 20) {
        said = done;
        options.progress?.(`${report.frames} frames, ${report.requests} requests, ${await memory(server)} bytes`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, work));
  if (problems.length === 0) report.end = await memory(server);
  if (problems.length === 0) await checkHonest(server, bystander).catch((error) => problems.push(error));
  problems.push(...server.output().split("\n").filter((line) => COMPLAINT.test(line)).slice(0, PROBLEMS));
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join("\n"));
  return report;
}

/** Values of an arbitrary without end, from small to large again and again; the same for the same seed. */
function* endless<T>(arbitrary: fc.Arbitrary<T>, seed: number): Generator<T, never> {
  for (let round = 0;; round++) yield* fc.sample(arbitrary, { seed: seed + round * 7919, numRuns: 200 });
}

let sentinels = 7_000_000_000_000;

/** Plays a script. @returns how the connection ended @throws when it hangs, or ends for our fault */
async function talk(server: ServerProcess, { greets, waits, frames }: Script): Promise<string> {
  await using wire = await Wire.open(server.port);
  const said = () => JSON.stringify({ greets, waits, frames: frames.map(shown) });
  if (greets) {
    await wire.send(encode(text(JSON.stringify({ ...greets, seq: ++sentinels }))));
    if (waits && !await wire.until(() => wire.seen.includes("welcome"), PATIENCE_MS)) {
      throw new Error(`No welcome and no close: ${said()}`);
    }
  }
  for (const [index, frame] of frames.entries()) {
    if (wire.closed) break;
    if (index > frames.length - 4) await wire.until(() => false, CLOSE_MS);
    await wire.send(encode(frame));
  }
  // what is sent to a connection that the server has just closed destroys the close that is on its way
  await wire.until(() => false, CLOSE_MS);
  const n = ++sentinels;
  await wire.send(encode(text(JSON.stringify({ type: "ping", n }))));
  if (!await wire.until(() => wire.ponged(n), PATIENCE_MS)) throw new Error(`No answer and no close: ${said()}`);
  if (!wire.closed) return "answered";
  if (!DESERVED.has(wire.closed.code)) {
    throw new Error(`Closed with ${wire.closed.code} ${wire.closed.reason}: ${said()}`);
  }
  return `close ${wire.closed.code}`;
}

const shown = ({ opcode, payload }: Script["frames"][number]) =>
  `${opcode} ${new TextDecoder().decode(payload.subarray(0, 300))}`;

/** Sends a request. @returns its status @throws when it hangs, or fails for our fault */
async function ask(server: ServerProcess, { method, path, headers, body }: FuzzRequest): Promise<string> {
  const Authorization = headers.Authorization === "Bearer" ? `Bearer ${TOKEN}` : headers.Authorization;
  const given = Authorization === undefined ? headers : { ...headers, Authorization };
  const said = () => JSON.stringify({ method, path, headers, body: String(body).slice(0, 2_000) });
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: given,
    body: method === "GET" || method === "HEAD" ? null : body,
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error) => {
    throw new Error(`${error}: ${said()}`);
  });
  const answer = await response.text();
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json") && method !== "HEAD";
  const { msg, code } = isJson ? JSON.parse(answer) : {};
  if (response.status >= 500 || /^SYSTEM_/.test(msg ?? code ?? "")) {
    throw new Error(`${response.status} ${answer.slice(0, 300)}: ${said()}`);
  }
  return `http ${response.status}`;
}

/** So that there is something to acknowledge, rightly or not. */
async function pushToUsers(server: ServerProcess): Promise<void> {
  const owner = USERS[Math.floor(Math.random() * USERS.length)]!;
  const targets = [["UCHAT", owner], ["TRADE-RESULT", owner], ["DEVICE-LOCK", "fuzz-1"]] as const;
  await Promise.all(targets.map(([bizType, linkToken]) => post(server, message({ bizType, linkToken }))));
  await post(server, message({ bizType: "GLOBAL-SDK-CONFIG" }), { path: "/webapi/sync/global" });
}

/** After all that, who was there before and who comes now get what is theirs. */
async function checkHonest(server: ServerProcess, bystander: RawClient): Promise<void> {
  await using newcomer = await RawClient.connect(server, { deviceId: "honest-2", user: user("honest") });
  const payload = crypto.randomUUID();
  const { body } = await post(server, message({ linkToken: "honest", payload }));
  if (body.msg !== "SUCCESS") throw new Error(`An honest push was answered ${JSON.stringify(body)}`);
  for (const client of [bystander, newcomer]) {
    await client.until(() => client.payloads("UCHAT").includes(payload), PATIENCE_MS);
    if (client.closed) throw new Error(`An honest ${SUBPROTOCOL} client was closed: ${JSON.stringify(client.closed)}`);
  }
}

async function memory(server: ServerProcess): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)![1]);
}

async function admin(server: ServerProcess, method: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Cannot prepare ${path} of ${VICTIM}: ${await response.text()}`);
}
