import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { Semaphore } from "es-toolkit/promise";

/** The work that one hash costs: memory is 128 * 2^logN * r bytes, time grows with all three. */
export type ScryptCost = { logN: number; r: number; p: number };

/** 32 MiB and about a quarter of a second: what OWASP recommends at least (2026: N=2^15, r=8, p=3). */
const COST: ScryptCost = { logN: 15, r: 8, p: 3 };
const KEY_BYTES = 32;
/** Hashes computed at once: each takes its memory and a thread, and logins must not starve deliveries of them. */
const AT_ONCE = 2;

/** Hashes and compares passwords (CON-1). */
export interface Passwords {
  /** `scrypt$logN$r$p$salt$key`, salt and key in base64url. */
  hash(password: string): Promise<string>;
  /** In constant time, with the cost that the hash names; `undefined` costs as much and is never equal. */
  equals(password: string, hash: string | undefined): Promise<boolean>;
}

export function createPasswords(cost: ScryptCost = COST): Passwords {
  const slots = new Semaphore(AT_ONCE);

  async function derive(password: string, salt: string, { logN, r, p }: ScryptCost): Promise<Uint8Array> {
    await slots.acquire();
    try {
      // Two spellings of one character (NFC, NFD) are one password.
      return await new Promise((resolve, reject) => {
        const options = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r };
        scrypt(
          password.normalize("NFC"),
          salt,
          KEY_BYTES,
          options,
          (error, key) => error ? reject(error) : resolve(key),
        );
      });
    } finally {
      slots.release();
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(16).toString("base64url");
      const key = await derive(password, salt, cost);
      return ["scrypt", cost.logN, cost.r, cost.p, salt, base64url(key)].join("$");
    },
    async equals(password, hash) {
      const stored = hash === undefined ? undefined : parse(hash);
      const key = await derive(password, stored?.salt ?? "nobody", stored?.cost ?? cost);
      return stored !== undefined && stored.key.length === key.length && timingSafeEqual(stored.key, key);
    },
  };
}

/** 20 characters that are hard to mistake for each other, in groups: about 100 bits. */
export function oneTimePassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const text = [...randomBytes(20)].map((byte) => letters[byte % letters.length]).join("");
  return text.replace(/(.{5})(?=.)/g, "$1-");
}

function parse(hash: string): { cost: ScryptCost; salt: string; key: Uint8Array } | undefined {
  const match = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/.exec(hash);
  if (match === null) return undefined;
  const [, logN, r, p, salt = "", key = ""] = match;
  return { cost: { logN: Number(logN), r: Number(r), p: Number(p) }, salt, key: Buffer.from(key, "base64url") };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
