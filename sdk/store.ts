/** Where an installation lives between two starts of the app. */

/** What one write changes. Keys are short texts, values JSON texts. */
export type StoreChanges = {
  puts: readonly (readonly [key: string, value: string])[];
  deletes: readonly string[];
};

/**
 * The store of one installation. What an implementation promises:
 *
 * - **Durability.** When `write` has resolved, `load` returns the change, after a crash of the app too, if `durable`.
 * - **All or nothing.** A write that rejects, or that a crash cuts off, has changed nothing. A store that cannot do
 *   that must at least apply `puts` in their order and then `deletes`; the client is built to live with a beginning.
 * - **Order.** The client has one `write` under way at a time; the second starts after the first was answered.
 * - **One owner.** `load` begins a new ownership: a `write` of an earlier owner should reject from then on, where the
 *   platform lets two share a store (tabs).
 * - **Names.** Stores opened under different names share nothing.
 *
 * `tests/sdk/store_contract.ts` holds every implementation to this.
 */
export interface SyncStore {
  /** Whether what is written survives the process. If not, messages of unregistered biz are not acknowledged. */
  readonly durable: boolean;
  /**
   * Everything stored, empty for a new installation.
   *
   * @throws if the store cannot be opened; the client then works from memory and says so
   */
  load(): Promise<ReadonlyMap<string, string>>;
  /** @throws if nothing was changed: full, closed, or owned by somebody else */
  write(changes: StoreChanges): Promise<void>;
  /** Lets go of files and connections; may be loaded again afterwards. */
  close(): Promise<void>;
}
