/** The tabs of one browser: locks and channels in memory, as far as `browserLead` uses them. */
import type { ChannelLike, LockManagerLike } from "../../../sdk/platform/dom.ts";

export class FakeLocks implements LockManagerLike {
  #holder: { reject: (error: Error) => void } | null = null;
  #queue: (() => void)[] = [];

  request(
    _name: string,
    options: { steal: boolean },
    callback: () => Promise<void>,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const hold = () => {
        const holder = { reject };
        this.#holder = holder;
        callback().then(() => {
          resolve(undefined);
          if (this.#holder !== holder) return;
          this.#holder = null;
          this.#queue.shift()?.();
        });
      };
      if (options.steal) {
        this.#holder?.reject(new Error("stolen"));
        return hold();
      }
      if (this.#holder) this.#queue.push(hold);
      else queueMicrotask(hold);
    });
  }
}

/** Makes channels that hear each other; one that is frozen hears and says nothing. */
export function fakeChannels(): { make: () => ChannelLike & { frozen: boolean } } {
  const all = new Set<ChannelLike & { frozen: boolean }>();
  return {
    make() {
      const channel = {
        frozen: false,
        onmessage: null as ((event: { data: unknown }) => void) | null,
        postMessage(data: unknown) {
          const copy = structuredClone(data);
          for (const other of all) {
            if (other !== channel && !channel.frozen && !other.frozen) {
              queueMicrotask(() => other.onmessage?.({ data: copy }));
            }
          }
        },
        close: () => void all.delete(channel),
      };
      all.add(channel);
      return channel;
    },
  };
}
