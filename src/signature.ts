import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Instance } from "../db/catalog.ts";
import { frameText, restText, sign } from "./canonical.ts";
import type { Nonces } from "./nonces.ts";
import type { Sign } from "./protocol.ts";

/** How far a timestamp may be from this server's clock, ms (SIG-3). */
export const CLOCK_WINDOW_MS = 5 * 60_000;

/** Whether a signature holds; `detail` is a sentence for the caller. */
export type Verified = { ok: true } | { ok: false; detail: string };

export type RestRequest = {
  method: string;
  /** As in the request line, percent-encoded. */
  pathAndQuery: string;
  headers: Pick<Headers, "get">;
  /** The raw bytes, before anything reads them. */
  body: Uint8Array;
  instance: Instance;
  /** ms since 1970. */
  now: number;
};

export type FrameToVerify = {
  kind: "hello" | "bind";
  instance: Instance;
  deviceId: string;
  userId?: string | undefined;
  sessionId?: string | undefined;
  sign: Sign | undefined;
  /** ms since 1970. */
  now: number;
};

/**
 * Checks signatures (SIG-1 to SIG-3). Where the instance's switch is off, everything passes. Otherwise one of the active
 * secrets of the right kind must have signed, within the clock window, with a nonce that was not used before; a nonce is
 * used up only by a request whose signature is right.
 *
 * Both reject with the database's error when nonces cannot be looked up; nothing may pass then.
 */
export interface Signatures {
  verifyRest(request: RestRequest): Promise<Verified>;
  verifySign(frame: FrameToVerify): Promise<Verified>;
}

export function createSignatures({ nonces }: { nonces: Nonces }): Signatures {
  return {
    async verifyRest({ headers, instance, now, ...request }) {
      if (!instance.signature) return { ok: true };
      const read = readHeaders(headers);
      if (read === undefined) return refuse(howToSign(instance, missingHeaders(headers)));
      const { timestamp, nonce, signature } = read;
      const text = () => restText({ ...request, timestamp, nonce });
      const proof = { instance, kind: "server" as const, timestamp: Number(timestamp), nonce, signature, text, now };
      return await verify(nonces, REST_NAMES, proof);
    },
    async verifySign({ sign: given, instance, now, ...frame }) {
      if (!instance.signature) return { ok: true };
      if (given === undefined) return refuse(howToSign(instance, `\`sign\` of this ${frame.kind} is missing`));
      const { timestamp, nonce, signature } = given;
      const text = () => frameText({ ...frame, instanceId: instance.instanceId, timestamp, nonce });
      return await verify(nonces, FRAME_NAMES, { instance, kind: "app", timestamp, nonce, signature, text, now });
    },
  };
}

/** What the caller calls the parts of a signature. */
type Names = { timestamp: string; nonce: string; signature: string };
const REST_NAMES: Names = { timestamp: "X-Sync-Timestamp", nonce: "X-Sync-Nonce", signature: "X-Sync-Signature" };
const FRAME_NAMES: Names = { timestamp: "sign.timestamp", nonce: "sign.nonce", signature: "sign.signature" };

type Proof = {
  instance: Instance;
  kind: "server" | "app";
  timestamp: number;
  nonce: string;
  signature: string;
  text: () => string;
  now: number;
};

async function verify(nonces: Nonces, names: Names, proof: Proof): Promise<Verified> {
  const { instance, kind, timestamp, nonce, now } = proof;
  const off = Math.abs(now - timestamp);
  if (off > CLOCK_WINDOW_MS) {
    return refuse(
      `${names.timestamp} is ${off} ms off this server's clock, which reads ${now}; at most ${CLOCK_WINDOW_MS} are allowed`,
    );
  }
  if (!matches(proof)) return refuse(whyWrong(names, proof));
  if (await nonces.use({ instance: instance.no, kind, nonce, at: now })) return { ok: true };
  return refuse(`${names.nonce} was used before: every request needs a new one`);
}

/** All secrets of the kind are compared, each in constant time. */
function matches({ instance, kind, signature, text }: Proof): boolean {
  const given = Buffer.from(signature);
  const signed = text();
  let found = false;
  for (const secret of instance.secrets) {
    if (secret.kind !== kind) continue;
    const expected = Buffer.from(sign(secret.secret, signed));
    if (expected.length === given.length && timingSafeEqual(expected, given)) found = true;
  }
  return found;
}

/** Tells the owner of a secret that it is of the wrong kind; everybody else learns only that the signature is wrong. */
function whyWrong({ signature }: Names, proof: Proof): string {
  const { instance, kind } = proof;
  const other = kind === "server" ? "app" : "server";
  if (matches({ ...proof, kind: other })) {
    return `${signature} was made with a secret of kind ${other}; this needs one of kind ${kind}`;
  }
  if (!instance.secrets.some((secret) => secret.kind === kind)) {
    return `${signature} cannot be right: instance ${instance.instanceId} has no active secret of kind ${kind}, create one`;
  }
  return `${signature} is wrong: it must be the lower-case hex HMAC-SHA256 that docs/signatures.md describes`;
}

const SignatureHeaders = z.object({
  timestamp: z.string().regex(/^\d{1,15}$/),
  nonce: z.string().regex(/^[\x20-\x7e]{1,100}$/),
  signature: z.string().min(1).max(200),
});

function readHeaders(headers: Pick<Headers, "get">): z.infer<typeof SignatureHeaders> | undefined {
  return SignatureHeaders.safeParse({
    timestamp: headers.get("X-Sync-Timestamp"),
    nonce: headers.get("X-Sync-Nonce"),
    signature: headers.get("X-Sync-Signature"),
  }).data;
}

function missingHeaders(headers: Pick<Headers, "get">): string {
  const missing = Object.values(REST_NAMES).filter((name) => headers.get(name) === null);
  if (missing.length > 0) return `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`;
  return "X-Sync-Timestamp must be 1 to 15 digits, X-Sync-Nonce 1 to 100 printable ASCII characters, X-Sync-Signature hex";
}

/** INS-2: whoever does not sign must read here what to do about it. */
function howToSign({ instanceId }: Instance, problem: string): string {
  return `Signatures are on for instance ${instanceId}, and ${problem}. Sign as docs/signatures.md says, or turn ` +
    `signatures off for this instance: in the console under Service management, or by PATCH ` +
    `/api/instances/${instanceId} with {"signature":false}`;
}

function refuse(detail: string): Verified {
  return { ok: false, detail };
}
