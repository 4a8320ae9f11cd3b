/** Secrets at rest: what the database holds of a secret that the server must be able to read. */

/** Which row a stored secret belongs to; it opens nowhere else. */
export type SecretRow = { id: string; instance: number; kind: string };

/** Turns secrets into what is stored, and back. */
export interface SecretBox {
  seal(secret: string, row: SecretRow): Promise<string>;
  /** @throws {SecretKeyError} when it was sealed with another key, or belongs to another row. */
  open(stored: string, row: SecretRow): Promise<string>;
  /** Whether `stored` was sealed with this box's own key, so that nothing need be done about it. */
  isCurrent(stored: string, row: SecretRow): Promise<boolean>;
  /** Whether anything is encrypted. */
  readonly encrypts: boolean;
}

/** A stored secret cannot be read with the keys at hand; the message is one sentence for operators. */
export class SecretKeyError extends Error {
  override name = "SecretKeyError";
}

/** In front of everything that is encrypted. Made secrets never hold a dot. */
const VERSION = "v1.";
const NONCE_BYTES = 12;

export const isSealed = (stored: string): boolean => stored.startsWith(VERSION);

/** Stores secrets as they are. */
export const CLEAR: SecretBox = {
  encrypts: false,
  seal: (secret) => Promise.resolve(secret),
  open: (stored, row) => isSealed(stored) ? Promise.reject(unreadable(row)) : Promise.resolve(stored),
  isCurrent: (stored) => Promise.resolve(!isSealed(stored)),
};

/**
 * AES-256-GCM under keys that are derived by HKDF-SHA-256. Each value has a random nonce of its own and is bound to its
 * row; stored is `v1.` and base64url of nonce, ciphertext and tag.
 *
 * @param key new values are sealed with this one
 * @param older values may have been sealed with one of these
 */
export async function encryptingBox(key: string, older: readonly string[] = []): Promise<SecretBox> {
  const keys = await Promise.all([key, ...older].map(derive));
  return {
    encrypts: true,
    seal: (secret, row) => seal(keys[0]!, secret, row),
    async open(stored, row) {
      if (!isSealed(stored)) return stored;
      for (const candidate of keys) {
        const secret = await unseal(candidate, stored, row);
        if (secret !== undefined) return secret;
      }
      throw unreadable(row);
    },
    isCurrent: async (stored, row) => isSealed(stored) && await unseal(keys[0]!, stored, row) !== undefined,
  };
}

function unreadable({ id }: SecretRow): SecretKeyError {
  return new SecretKeyError(`Cannot read secret ${id}: it was encrypted with another key, or altered`);
}

async function derive(key: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", utf8(key), "HKDF", false, ["deriveKey"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8("syncline"), info: utf8("secrets at rest, v1") };
  return await crypto.subtle.deriveKey(parameters, material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

async function seal(key: CryptoKey, secret: string, row: SecretRow): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, row), key, utf8(secret)));
  const bytes = new Uint8Array(NONCE_BYTES + sealed.length);
  bytes.set(iv);
  bytes.set(sealed, NONCE_BYTES);
  return VERSION + bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

async function unseal(key: CryptoKey, stored: string, row: SecretRow): Promise<string | undefined> {
  try {
    const bytes = Uint8Array.fromBase64(stored.slice(VERSION.length), { alphabet: "base64url" });
    const iv = bytes.slice(0, NONCE_BYTES);
    const opened = await crypto.subtle.decrypt(algorithm(iv, row), key, bytes.slice(NONCE_BYTES));
    return new TextDecoder().decode(opened);
  } catch {
    return undefined; // another key, or not what was sealed
  }
}

function algorithm(iv: Uint8Array<ArrayBuffer>, { id, instance, kind }: SecretRow): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: utf8(JSON.stringify([id, instance, kind])) };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
