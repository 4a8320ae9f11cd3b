/** The promises of {@link SyncStore}, run on every implementation. */
import assert from "node:assert/strict";
import type { SyncStore } from "../../sdk/store.ts";

export type StoreUnderTest = {
  /** A store on the same content each time, as after a restart of the app. */
  open(): SyncStore;
  /** A store on other content. */
  openOther(): SyncStore;
  /** Whether a new process would find what was written. */
  durable: boolean;
  /** Whether a second owner shuts out the first. */
  fenced: boolean;
};

export function storeContract(name: string, make: () => StoreUnderTest): void {
  const contract = (promise: string, run: (under: StoreUnderTest) => Promise<void>) =>
    Deno.test(`[SDK-5] ${name}: ${promise}`, () => run(make()));
  const content = async (store: SyncStore) => [...await store.load()].sort();

  contract("a new one is empty, and says whether it is durable", async (under) => {
    const store = under.open();
    assert.deepEqual(await content(store), []);
    assert.equal(store.durable, under.durable);
    await store.close();
  });

  contract("what was written is there after a restart, deletions too", async (under) => {
    const store = under.open();
    await store.load();
    await store.write({ puts: [["a", "1"], ["b", "2"]], deletes: [] });
    await store.write({ puts: [["a", "3"], ["c/d é\u{1F600}", '{"x":"\\u0000"}']], deletes: ["b", "never there"] });
    await store.close();
    const again = under.open();
    assert.deepEqual(await content(again), [["a", "3"], ["c/d é\u{1F600}", '{"x":"\\u0000"}']]);
    await again.close();
  });

  contract("it can be closed and loaded again", async (under) => {
    const store = under.open();
    await store.load();
    await store.write({ puts: [["a", "1"]], deletes: [] });
    await store.close();
    assert.deepEqual(await content(store), [["a", "1"]]);
    await store.write({ puts: [["a", "2"]], deletes: [] });
    assert.deepEqual(await content(store), [["a", "2"]]);
    await store.close();
  });

  contract("what load returned does not change with later writes", async (under) => {
    const store = under.open();
    const before = await store.load();
    await store.write({ puts: [["a", "1"]], deletes: [] });
    assert.equal(before.size, 0);
    await store.close();
  });

  contract("a large write is whole", async (under) => {
    const store = under.open();
    await store.load();
    const puts = Array.from({ length: 300 }, (_, i) => [`k/${i}`, "x".repeat(4096)] as const);
    await store.write({ puts, deletes: [] });
    await store.close();
    const again = under.open();
    const entries = await again.load();
    assert.equal(entries.size, 300);
    assert.ok([...entries.values()].every((v) => v.length === 4096));
    await again.close();
  });

  contract("stores of different names share nothing", async (under) => {
    const [one, other] = [under.open(), under.openOther()];
    await one.load();
    await other.load();
    await one.write({ puts: [["a", "1"]], deletes: [] });
    assert.deepEqual(await content(other), []);
    await one.close();
    await other.close();
  });

  if (!make().fenced) return;
  contract("a second owner shuts out the first", async (under) => {
    const first = under.open(), second = under.open();
    await first.load();
    await first.write({ puts: [["a", "1"]], deletes: [] });
    await second.load();
    await assert.rejects(first.write({ puts: [["a", "stale"]], deletes: ["b"] }));
    await second.write({ puts: [["b", "2"]], deletes: [] });
    await first.close();
    await second.close();
    const third = under.open();
    assert.deepEqual(await content(third), [["a", "1"], ["b", "2"]]);
    await third.close();
  });
}
