import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { SocketLike } from "./socket.ts";
import { encodeFrame, FrameReader, OPCODE } from "./ws_frames.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** How long the other side may take to answer a close. */
const CLOSE_TIMEOUT_MS = 3000;

/**
 * A WebSocket client for Node before version 22, which has none of its own: text messages and the closing handshake,
 * no extensions (RFC 6455). `onclose` is called once, with 1006 where there was no close frame.
 */
export class NodeSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  #stream: Duplex | null = null;
  #abort: () => void;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  readonly #reader = new FrameReader();

  constructor(url: string, protocols: string[]) {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const key = randomBytes(16).toString("base64");
    const request = (protocol === "wss:" ? httpsRequest : httpRequest)({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port || (protocol === "wss:" ? 443 : 80),
      path: pathname + search,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": protocols.join(", "),
      },
    });
    this.#abort = () => request.destroy();
    request.on("upgrade", (response, stream, head) => {
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      if (response.headers["sec-websocket-accept"] !== accept || this.#state !== "connecting") {
        stream.destroy();
        return this.#end(1006, "");
      }
      this.#onUpgrade(stream, head);
    });
    request.on("response", (response) => {
      response.resume();
      this.#end(1006, `HTTP ${response.statusCode}`);
    });
    request.on("error", (error) => this.#end(1006, error.message));
    request.end();
  }

  send(data: string): void {
    if (this.#state === "open") this.#stream?.write(encodeFrame(OPCODE.text, Buffer.from(data)));
  }

  close(code = 1000, reason = ""): void {
    if (this.#state === "connecting") {
      this.#abort();
      return this.#end(1006, "");
    }
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#stream?.write(encodeFrame(OPCODE.close, closeBody(code, reason)));
    const timer = setTimeout(() => this.#end(1006, ""), CLOSE_TIMEOUT_MS).unref();
    this.#stream?.once("close", () => clearTimeout(timer));
  }

  #onUpgrade(stream: Duplex, head: Buffer): void {
    this.#stream = stream;
    this.#state = "open";
    this.#abort = () => stream.destroy();
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("error", () => this.#end(1006, ""));
    stream.on("close", () => this.#end(1006, ""));
    stream.on("end", () => this.#end(1006, ""));
    this.onopen?.(undefined as never);
    if (head.length) this.#read(head);
  }

  #read(chunk: Buffer): void {
    if (this.#state === "closed") return;
    const { messages, failed } = this.#reader.push(chunk);
    for (const { opcode, body } of messages) {
      if (opcode === OPCODE.text) this.onmessage?.({ data: body.toString("utf8") });
      else if (opcode === OPCODE.binary) this.onmessage?.({ data: body });
      else if (opcode === OPCODE.ping) this.#stream?.write(encodeFrame(OPCODE.pong, body));
      else if (opcode === OPCODE.close) return this.#onCloseFrame(body);
    }
    if (failed) this.close(1002, failed);
  }

  #onCloseFrame(body: Buffer): void {
    const code = body.length >= 2 ? body.readUInt16BE(0) : 1005;
    if (this.#state === "open") this.#stream?.write(encodeFrame(OPCODE.close, body.subarray(0, 2)));
    this.#stream?.end();
    // A server that does not hang up keeps neither the connection nor the process.
    const timer = setTimeout(this.#abort, CLOSE_TIMEOUT_MS).unref();
    this.#stream?.once("close", () => clearTimeout(timer));
    this.#end(code, body.subarray(2).toString("utf8"));
  }

  #end(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (code === 1006) this.#abort();
    this.onclose?.({ code, reason });
  }
}

function closeBody(code: number, reason: string): Buffer {
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code, 0);
  return Buffer.concat([body, Buffer.from(reason).subarray(0, 123)]);
}
