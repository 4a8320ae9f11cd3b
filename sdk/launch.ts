import type { Problem } from "./core/model.ts";
import { Engine, type Hooks } from "./engine.ts";
import { resolveOptions } from "./options.ts";
import { soleLead } from "./platform/lead.ts";
import type { Platform } from "./platform/platform.ts";
import type { SyncOptions } from "./types.ts";

/**
 * Makes the engine for a face and lets it hear of the page and the network. It is not started.
 *
 * @param follow whether a hidden page is a background, where the options do not say
 * @throws TypeError if the options do not say whom to connect to
 */
export function launch(options: SyncOptions, platform: Platform, about: { hooks: Hooks; follow: boolean }): {
  engine: Engine;
  unwatch: () => void;
} {
  const { name, ...parts } = resolveOptions(options, platform);
  // Not before the caller has the engine, and its listeners: an early problem would go unheard.
  const problem = (problem: Problem) => queueMicrotask(() => about.hooks.problem(problem));
  const store = options.store ?? platform.store(name, problem);
  // What does not survive this page cannot be shared with another one.
  const lead = store.durable ? parts.lead : soleLead;
  const engine = new Engine({ ...parts, store, lead }, about.hooks);
  const unwatch = platform.watch({
    visible: (visible) => {
      if (!(options.followVisibility ?? about.follow)) return;
      engine.post(visible ? { type: "foreground", asked: false } : { type: "background" });
    },
    network: (up) => engine.post({ type: up ? "networkUp" : "networkDown" }),
  });
  return { engine, unwatch };
}
