import type { Platform, Watch } from "../../../sdk/platform/platform.ts";
import { soleLead } from "../../../sdk/platform/lead.ts";
import { MemoryStore } from "../../../sdk/stores/memory.ts";
import { FakeClock } from "./fake_clock.ts";
import { until } from "./until.ts";
import { welcome, type Wire, wires } from "./wire.ts";

/** A platform whose sockets, time, page and network are the test's. */
export function testPlatform() {
  const all = wires();
  const clock = new FakeClock();
  const store = new MemoryStore({ durable: true });
  let watch: Watch | null = null;
  const platform: Platform = {
    os: "test",
    webSocket: all.webSocket,
    secure: false,
    store: () => store,
    lead: (_name, events) => soleLead(events),
    watch(w) {
      watch = w;
      return () => watch = null;
    },
  };
  const options = { server: "test", instanceId: "i", clock, random: () => 0.5 };
  return {
    platform,
    options,
    clock,
    store,
    wires: all,
    get watch() {
      return watch;
    },
    /** Until the next connection has been welcomed. */
    async connect(): Promise<Wire> {
      const before = all.all.length;
      await until("a socket", () => {
        clock.advance(500);
        return all.all.length > before;
      });
      const wire = all.last();
      wire.open();
      await until("the hello", () => wire.last("hello") !== undefined);
      wire.say(welcome());
      return wire;
    },
  };
}
