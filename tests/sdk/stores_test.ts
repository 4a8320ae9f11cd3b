import assert from "node:assert/strict";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { type AsyncStorageLike, asyncStorageStore } from "../../sdk/examples/react_native_store.ts";
import { preferencesStore } from "../../sdk/examples/harmony_store.ts";
import type { IdbDatabase, IdbFactory } from "../../sdk/platform/dom.ts";
import { FileStore } from "../../sdk/stores/file.ts";
import { IndexedDbStore } from "../../sdk/stores/indexed_db.ts";
import { type KeyValue, KeyValueStore } from "../../sdk/stores/key_value.ts";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { storeContract } from "./store_contract.ts";
import { fakeAsyncStorage, fakePreferences } from "./support/phones.ts";
import { until } from "./support/until.ts";

storeContract("MemoryStore", () => {
  const one = new MemoryStore(), other = new MemoryStore();
  return { open: () => one, openOther: () => other, durable: false, fenced: false };
});

storeContract("IndexedDbStore", () => {
  const factory = new IDBFactory() as unknown as IdbFactory;
  return {
    open: () => new IndexedDbStore("one", { factory }),
    openOther: () => new IndexedDbStore("other", { factory }),
    durable: true,
    fenced: true,
  };
});

storeContract("FileStore", () => {
  const folder = Deno.makeTempDirSync();
  return {
    open: () => new FileStore(join(folder, "deep", "one.json")),
    openOther: () => new FileStore(join(folder, "other.json")),
    durable: true,
    fenced: false,
  };
});

storeContract("KeyValueStore on React Native's AsyncStorage", () => {
  const storage = fakeAsyncStorage();
  return {
    open: () => asyncStorageStore(storage),
    openOther: () => asyncStorageStore(storage, "other/"),
    durable: true,
    fenced: false,
  };
});

storeContract("KeyValueStore on HarmonyOS's preferences", () => {
  const kept = new Map<string, ReturnType<typeof fakePreferences>>();
  const open = (name: string) => {
    const preferences = kept.get(name) ?? fakePreferences();
    kept.set(name, preferences);
    return preferencesStore(() => Promise.resolve(preferences));
  };
  return { open: () => open("one"), openOther: () => open("other"), durable: true, fenced: false };
});

Deno.test("[SDK-5] IndexedDbStore: a connection that is lost without a word costs one write, and nothing at loading", async () => {
  const { factory, lose } = losable(new IDBFactory() as unknown as IdbFactory);
  const store = new IndexedDbStore("n", { factory });
  await store.load();
  lose();
  await assert.rejects(store.write({ puts: [["a", "1"]], deletes: [] }), /closing/);
  await store.write({ puts: [["a", "2"]], deletes: [] });
  lose();
  assert.deepEqual([...await store.load()], [["a", "2"]]);
  await store.close();
});

Deno.test("[SDK-5] IndexedDbStore: a database that fails while it is read is told of once, and leaves no rejection behind", async () => {
  const real = new IDBFactory() as unknown as IdbFactory;
  const factory: IdbFactory = {
    open(name, version) {
      const request = real.open(name, version);
      (request as unknown as EventTarget).addEventListener("success", () => {
        const db = request.result, transaction = db.transaction.bind(db);
        db.transaction = (...args) => {
          const tx = transaction(...args);
          queueMicrotask(() => tx.abort());
          return tx;
        };
      });
      return request;
    },
  };
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  const store = new IndexedDbStore("n", { factory });
  await assert.rejects(store.load());
  await new Promise((resolve) => setTimeout(resolve, 10));
  globalThis.removeEventListener("unhandledrejection", note);
  assert.deepEqual(unhandled, []);
  await store.close();
});

Deno.test("[SDK-5] HarmonyOS's preferences that could not be opened are opened at the next use", async () => {
  let attempts = 0;
  const store = preferencesStore(() =>
    ++attempts === 1 ? Promise.reject(new Error("no context yet")) : Promise.resolve(fakePreferences())
  );
  await assert.rejects(store.load());
  assert.equal((await store.load()).size, 0);
});

/** Connections that can be lost as Safari loses them: no event, and every transaction throws from then on. */
function losable(real: IdbFactory) {
  const open = new Set<IdbDatabase>();
  const factory: IdbFactory = {
    open(name, version) {
      const request = real.open(name, version);
      (request as unknown as EventTarget).addEventListener("success", () => open.add(request.result));
      return request;
    },
  };
  const lose = () => {
    for (const db of open) {
      db.transaction = () => {
        throw new Error("The database connection is closing");
      };
    }
    open.clear();
  };
  return { factory, lose };
}

Deno.test("[SDK-5] FileStore: a file that cannot be read is put aside and a new installation begins", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "s.json");
  await Deno.writeTextFile(path, '{"a":"1"');
  const aside: string[] = [];
  const store = new FileStore(path, { onCorrupt: (p) => aside.push(p) });
  assert.equal((await store.load()).size, 0);
  assert.deepEqual(aside, [`${path}.corrupt`]);
  assert.equal(await Deno.readTextFile(`${path}.corrupt`), '{"a":"1"');
  await store.write({ puts: [["b", "2"]], deletes: [] });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), { b: "2" });
});

Deno.test("[SDK-5] FileStore: a write that fails changes nothing and leaves no file behind", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "s.json");
  const store = new FileStore(path);
  await store.load();
  await store.write({ puts: [["a", "1"]], deletes: [] });
  await Deno.remove(path);
  await Deno.mkdir(join(path, "in the way"), { recursive: true });
  await assert.rejects(store.write({ puts: [["a", "2"]], deletes: [] }));
  await Deno.remove(path, { recursive: true });
  await store.write({ puts: [["b", "2"]], deletes: [] });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), { a: "1", b: "2" });
  assert.deepEqual([...Deno.readDirSync(folder)].map((e) => e.name), ["s.json"]);
});

Deno.test("[SDK-5] KeyValueStore: entries are read side by side, so that thousands of kept messages are there in time", async () => {
  const { storage, answer, asked } = slowStorage(fakeAsyncStorage());
  const store = asyncStorageStore(storage);
  const puts = Array.from({ length: 2000 }, (_, i) => [`k/${i}`, `${i}`] as const);
  await store.write({ puts, deletes: [] });
  const loading = store.load();
  await until("the journal to be asked for", () => asked() === 1);
  answer();
  await until("all entries to be asked for", () => asked() === 2000);
  answer();
  assert.deepEqual([...await loading], puts);
});

/** Holds back what is read until it is told to answer. */
function slowStorage(fast: AsyncStorageLike) {
  const held: (() => void)[] = [];
  const storage: AsyncStorageLike = {
    ...fast,
    async getItem(key) {
      await new Promise<void>((resolve) => held.push(resolve));
      return await fast.getItem(key);
    },
  };
  return { storage, asked: () => held.length, answer: () => held.splice(0).forEach((resume) => resume()) };
}

Deno.test("[SDK-5] KeyValueStore: a crash at any point leaves the old content or the new one", async () => {
  for (let crashAfter = 0; crashAfter < 9; crashAfter++) {
    const disk = new Map<string, string>();
    let left = Infinity;
    const change = (act: () => void) => {
      if (left-- <= 0) return Promise.reject(new Error("crash"));
      act();
      return Promise.resolve();
    };
    const kv: KeyValue = {
      get: (key) => Promise.resolve(disk.get(key) ?? null),
      set: (key, value) => change(() => disk.set(key, value)),
      remove: (key) => change(() => disk.delete(key)),
      keys: () => Promise.resolve([...disk.keys()]),
    };
    const store = new KeyValueStore(kv);
    await store.write({ puts: [["a", "1"], ["b", "1"]], deletes: [] });
    left = crashAfter;
    await store.write({ puts: [["a", "2"], ["b", "2"], ["c", "2"]], deletes: ["a"] }).catch(() => {});
    left = Infinity;
    const content = [...await new KeyValueStore(kv).load()].sort().join(" ");
    assert.ok(["a,1 b,1", "b,2 c,2"].includes(content), `after ${crashAfter}: ${content}`);
  }
});
