/** One use of a nonce, under the kind of secret that signed with it (SIG-3). */
export type NonceUse = {
  /** `Instance.no`. */
  instance: number;
  kind: "server" | "app";
  nonce: string;
  /** ms since 1970. */
  at: number;
};

/**
 * Nonces seen in signed requests. Guarantees: of many uses of one (instance, kind, nonce), whatever the process, exactly
 * one is fresh until it is forgotten. They survive a restart of the servers and of Postgres, not a crash of Postgres.
 */
export interface NonceStore {
  /** In the order of the input: whether this use is the first one. */
  use(uses: readonly NonceUse[]): Promise<boolean[]>;
  /** Forgets uses before `before`, ms. */
  forget(before: number): Promise<void>;
}
