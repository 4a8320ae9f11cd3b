import type { Registry } from "../../actors/registry.ts";
import type { Session } from "../../actors/session.ts";
import type { Catalog } from "../../db/catalog.ts";
import type { AddressLimits, Admission } from "../address_limits.ts";
import type { Clock } from "../clock.ts";
import { type ClientFrame, type Hello, MAX_FRAME_BYTES, MAX_HELLO_BYTES, PROTOCOL_VERSION } from "../protocol.ts";
import { isLonger, readFrame } from "../read_frame.ts";
import type { Signatures } from "../signature.ts";
import { Socket, type SocketOptions } from "../socket.ts";
import { probeSilent, sweepIdle } from "./liveness.ts";
import { type SessionFrameDeps, tellRegistry } from "./session_frames.ts";
import { badHandshake, later, notWebSocket, upgradeWebSocket } from "./upgrade.ts";

export type SyncDeps = SessionFrameDeps & {
  catalog: Catalog;
  registry: Registry;
  signatures: Pick<Signatures, "verifySign">;
  clock: Clock;
  heartbeatMs: number;
  helloTimeoutMs: number;
  /** Connections at most; more are told to come back (4503). */
  maxConnections: number;
  /** Connections and connects of each address. */
  addresses: AddressLimits;
  /** A retry hint in ms while the server is stopping, else null (OPS-3). */
  draining: () => number | null;
  failed: (error: unknown) => void;
  /** A connection ended with this close code. */
  closed: (code: number) => void;
};

/** Its frames wait; `answered`: one of them answered the server's ping. */
type Verifying = { kind: "verifying"; waiting: string[]; session: Session | null; answered: boolean };
/** One socket on its way: waiting for its hello, being verified, or with a session. */
type Peer =
  | { kind: "greeting"; cancel: () => void }
  | Verifying
  | { kind: "open"; session: Session };

/** Frames that may wait behind a signature check. */
const WAITING_MAX = 100;
/** A bind reads streams from the log and may ask the tenant: it counts as so many frames more. */
const BIND_COST = 50;
/** Connections above the most that are still told so by close code; what comes beyond gets no upgrade. */
const TOLD = 1_000;

/** The long connections of this process (docs/protocol.md): from the upgrade to the registry and back. */
export class SyncServer implements Disposable {
  readonly #o: SyncDeps;
  readonly #peers = new Map<Socket, Peer>();
  readonly #socketOptions: SocketOptions;
  #cancelSweep: () => void = () => {};
  /** Connections that are over, but whose other side has not yet agreed or been cut off. */
  #leaving = 0;

  constructor(deps: SyncDeps) {
    this.#o = deps;
    this.#socketOptions = {
      clock: deps.clock,
      onFrame: (from, data) => this.#frame(from, data),
      onEnd: (ended, code) => {
        deps.closed(code);
        this.#ended(ended);
      },
      onGone: (gone) => {
        this.#leaving--;
        if (gone.origin !== null) deps.addresses.leave(gone.origin);
      },
    };
    this.#sweep();
  }

  get size(): number {
    return this.#peers.size;
  }

  /**
   * `GET /sync`. Refusals come after the upgrade, by close code: browsers cannot read an HTTP status. Only where refusals
   * themselves pile up, they come before it.
   *
   * @param address the client's, as far as the network tells
   */
  upgrade(request: Request, address: string): Response {
    const other = notWebSocket(request);
    if (other) return other;
    const { addresses, clock, maxConnections } = this.#o;
    if (this.#peers.size + this.#leaving >= maxConnections + TOLD) return later(503);
    const origin = addresses.originOf(address);
    const admission = origin === null ? "open" : addresses.enter(origin, clock.now());
    if (admission === "reject") return later(429);
    const upgraded = upgradeWebSocket(request);
    if (!upgraded) {
      if (origin !== null) addresses.leave(origin);
      return badHandshake();
    }
    const socket = new Socket(upgraded.socket, this.#socketOptions, origin);
    const cancel = clock.after(this.#o.helloTimeoutMs, () => socket.close(4408));
    this.#peers.set(socket, { kind: "greeting", cancel });
    upgraded.socket.addEventListener("open", () => this.#admit(socket, admission), { once: true });
    return upgraded.response;
  }

  /** Drops those that are in the middle of a message and cannot say anything else. */
  probeSilent(): void {
    probeSilent(this.#greeted(), this.#o.clock.now());
  }

  /**
   * Closes all sockets in batches, each with a hint of its own, so that clients do not come back all at once (OPS-3).
   * Resolves when the clients have heard it; `pause` is made after each batch.
   */
  async closeAll(hint: () => number, pause: () => Promise<void>): Promise<void> {
    const heard: Promise<void>[] = [];
    for (const [index, socket] of [...this.#peers.keys()].entries()) {
      heard.push(socket.whenClosed());
      socket.close(1001, { "retry-after-ms": hint() });
      if (index % 500 === 499) await pause();
    }
    await Promise.all(heard);
  }

  [Symbol.dispose](): void {
    this.#cancelSweep();
    for (const socket of [...this.#peers.keys()]) socket.close(1001);
  }

  #admit(socket: Socket, admission: Admission): void {
    const draining = this.#o.draining();
    if (draining !== null) socket.close(1001, { "retry-after-ms": draining });
    else if (this.#peers.size > this.#o.maxConnections) socket.close(4503, comeBack());
    else if (admission === "refuse") socket.close(4429, comeBack());
  }

  #frame(socket: Socket, data: string): void {
    const peer = this.#peers.get(socket);
    if (!peer) return;
    if (!socket.withinRate(data.length)) return socket.close(4429, comeBack());
    if (isLonger(data, peer.kind === "greeting" ? MAX_HELLO_BYTES : MAX_FRAME_BYTES)) return socket.close(4413);
    const answered = socket.answered();
    if (peer.kind === "verifying") {
      if (peer.waiting.length >= WAITING_MAX) return socket.close(4429, comeBack());
      peer.waiting.push(data);
      peer.answered ||= answered;
      return;
    }
    this.#read(socket, peer, data);
    // only now: the frame may acknowledge what would be sent again
    if (answered && peer.kind === "open") this.#o.registry.heard(peer.session);
  }

  #read(socket: Socket, peer: Exclude<Peer, Verifying>, data: string): void {
    const frame = readFrame(data);
    if ("problem" in frame) return this.#refuse(socket, frame.problem, frame.version);
    if (peer.kind === "greeting") {
      if (frame.type !== "hello") return this.#refuse(socket, "type: the first frame must be hello");
      peer.cancel();
      return this.#hello(socket, frame);
    }
    this.#handle(socket, peer.session, frame);
  }

  #handle(socket: Socket, session: Session, frame: ClientFrame): void {
    if (frame.type === "hello") return this.#refuse(socket, "type: hello comes once, as the first frame");
    if (frame.type !== "bind") return tellRegistry(this.#o, socket, session, frame);
    if (!socket.charge(BIND_COST)) return socket.close(4429, comeBack());
    const { instance, deviceId } = session;
    const { userId, sessionId, sign } = frame;
    const names = { kind: "bind" as const, deviceId, userId, sessionId, sign };
    this.#verified(socket, names, instance.instanceId, session, () => {
      this.#o.registry.bind(session, frame);
      return session;
    });
  }

  #hello(socket: Socket, hello: Hello): void {
    if (hello.protocol !== PROTOCOL_VERSION) return socket.close(4426, {}, `this server speaks ${PROTOCOL_VERSION}`);
    if (!this.#o.catalog.instance(hello.instanceId)) return socket.close(4404);
    const { deviceId, user, sign } = hello;
    const names = { kind: "hello" as const, deviceId, userId: user?.userId, sessionId: user?.sessionId, sign };
    this.#verified(socket, names, hello.instanceId, null, () => {
      const instance = this.#o.catalog.instance(hello.instanceId);
      if (instance) return this.#o.registry.connect(socket, instance, hello);
      socket.close(4404);
      return null;
    });
  }

  /** Runs `then` behind the signature check (SIG-2); the socket's further frames wait meanwhile. */
  #verified(
    socket: Socket,
    names: Omit<Parameters<Signatures["verifySign"]>[0], "instance" | "now">,
    instanceId: string,
    session: Session | null,
    then: () => Session | null,
  ): void {
    const { signatures, catalog, clock, failed } = this.#o;
    const instance = catalog.instance(instanceId);
    if (!instance) return socket.close(4404);
    const proceed = () => {
      const opened = then();
      if (opened && !socket.ended) this.#peers.set(socket, { kind: "open", session: opened });
    };
    if (!instance.signature) return proceed();
    const peer: Verifying = { kind: "verifying", waiting: [], session, answered: false };
    this.#peers.set(socket, peer);
    signatures.verifySign({ ...names, instance, now: clock.now() }).then((verified) => {
      if (socket.ended) return;
      if (!verified.ok) return socket.close(4401, { "server-time-ms": clock.now() }, verified.detail);
      proceed();
      for (const data of peer.waiting) this.#frame(socket, data);
      if (peer.answered && session) this.#o.registry.heard(session);
    }, (error) => {
      failed(error);
      socket.close(4503, comeBack());
    });
  }

  #refuse(socket: Socket, problem: string, version?: unknown): void {
    if (version !== undefined && version !== PROTOCOL_VERSION) {
      return socket.close(4426, {}, `this server speaks ${PROTOCOL_VERSION}`);
    }
    socket.send(JSON.stringify({ type: "error", code: "bad-frame", message: problem }));
    socket.close(4400, {}, problem);
  }

  #ended(socket: Socket): void {
    const peer = this.#peers.get(socket);
    this.#peers.delete(socket);
    this.#leaving++;
    if (peer?.kind === "greeting") peer.cancel();
    const session = peer?.kind === "greeting" ? null : peer?.session;
    if (session) this.#o.registry.closed(session);
  }

  #sweep(): void {
    const { clock, heartbeatMs } = this.#o;
    const due = clock.now() + heartbeatMs / 4;
    this.#cancelSweep = clock.after(heartbeatMs / 4, () => {
      sweepIdle(this.#greeted(), clock.now(), heartbeatMs, due);
      this.#sweep();
    });
  }

  *#greeted(): Iterable<Socket> {
    for (const [socket, peer] of this.#peers) if (peer.kind !== "greeting") yield socket;
  }
}

/** Spread, so that those who were sent away do not come back all at once. */
const comeBack = () => ({ "retry-after-ms": Math.round(5_000 + Math.random() * 5_000) });
