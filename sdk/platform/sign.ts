import type { Bind, Hello, Sign } from "../../src/protocol.ts";
import { hex, randomId } from "./random.ts";

/**
 * Signs a hello or bind with the app secret (SIG-2): lower-case hex HMAC-SHA256 over
 * `hello\ninstanceId\ndeviceId\nuserId\nsessionId\ntimestamp\nnonce`, absent parts empty, `bind` in place of `hello`.
 *
 * @throws where WebCrypto is missing; browsers have it on https and localhost only
 */
export async function sign(
  frame: Hello | Bind,
  about: { secret: string; instanceId: string; deviceId: string; timestamp: number },
): Promise<Sign> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new Error("no WebCrypto: needs https");
  const user = frame.type === "bind" ? frame : frame.user;
  const nonce = randomId();
  // What is absent becomes empty.
  const text = [
    frame.type,
    about.instanceId,
    about.deviceId,
    user?.userId,
    user?.sessionId,
    about.timestamp,
    nonce,
  ].join("\n");
  const utf8 = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", utf8.encode(about.secret), algorithm, false, ["sign"]);
  const mac = await subtle.sign("HMAC", key, utf8.encode(text));
  return { timestamp: about.timestamp, nonce, signature: hex(new Uint8Array(mac)) };
}
