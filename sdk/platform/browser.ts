import { IndexedDbStore } from "../stores/indexed_db.ts";
import { MemoryStore } from "../stores/memory.ts";
import { browser } from "./dom.ts";
import { browserLead } from "./lead.ts";
import type { Platform } from "./platform.ts";
import type { SocketClass } from "./socket.ts";

/** Browsers, and everything that looks like one from afar (React Native: no IndexedDB, no document). */
export const browserPlatform: Platform = {
  os: "web",
  get webSocket() {
    return (globalThis as { WebSocket?: SocketClass }).WebSocket;
  },
  get secure() {
    return browser().location?.protocol === "https:";
  },
  store(name, problem) {
    try {
      return new IndexedDbStore(name);
    } catch (cause) {
      // There is none, or Firefox, told to block cookies, throws at whoever looks for it.
      problem({ code: "storage", message: "No durable store", cause });
      return new MemoryStore();
    }
  },
  lead: browserLead,
  watch(watch) {
    const { document } = browser();
    const window = browser();
    const seen = () => watch.visible(document?.visibilityState !== "hidden");
    const hidden = () => watch.visible(false);
    const up = () => watch.network(true);
    const down = () => watch.network(false);
    document?.addEventListener("visibilitychange", seen);
    const events = [["pagehide", hidden], ["pageshow", seen], ["online", up], ["offline", down]] as const;
    for (const [type, listener] of events) window.addEventListener?.(type, listener);
    if (document?.visibilityState === "hidden") hidden();
    return () => {
      document?.removeEventListener("visibilitychange", seen);
      for (const [type, listener] of events) window.removeEventListener?.(type, listener);
    };
  },
};
