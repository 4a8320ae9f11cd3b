import { createHash, createHmac } from "node:crypto";

/** What a REST signature covers (SIG-2). */
export type SignedRequest = {
  /** Upper-case. */
  method: string;
  /** As in the request line: the path, and `?` with the query where there is one, percent-encoded. */
  pathAndQuery: string;
  /** ms since 1970, in decimal digits. */
  timestamp: string;
  nonce: string;
  /** The raw bytes. */
  body: Uint8Array;
};

/** What the signature of a `hello` or a `bind` covers (SIG-2). */
export type SignedFrame = {
  kind: "hello" | "bind";
  instanceId: string;
  deviceId: string;
  /** Absent where nobody is logged in. */
  userId?: string | undefined;
  sessionId?: string | undefined;
  /** ms since 1970. */
  timestamp: number;
  nonce: string;
};

/**
 * The text that a REST caller signs: `METHOD\nPATH?QUERY\nTIMESTAMP\nNONCE\nhex(SHA-256(body))`. No part can hold a line
 * break, so no two requests share a text.
 */
export function restText({ method, pathAndQuery, timestamp, nonce, body }: SignedRequest): string {
  return `${method}\n${pathAndQuery}\n${timestamp}\n${nonce}\n${createHash("sha256").update(body).digest("hex")}`;
}

/** The text that an app signs: `hello\ninstanceId\ndeviceId\nuserId\nsessionId\ntimestamp\nnonce`, absent = empty. */
export function frameText({ kind, instanceId, deviceId, userId, sessionId, timestamp, nonce }: SignedFrame): string {
  return [kind, instanceId, deviceId, userId ?? "", sessionId ?? "", timestamp, nonce].join("\n");
}

/** Lower-case hex HMAC-SHA256; the key is the secret's UTF-8 bytes as shown. */
export function sign(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}
