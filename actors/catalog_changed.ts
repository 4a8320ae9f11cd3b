import type { CatalogChange, Config } from "../db/catalog.ts";
import type { Broadcaster } from "./broadcaster.ts";
import type { LiveActors } from "./live_actors.ts";
import type { Session } from "./session.ts";

export type Told = { actors: LiveActors; broadcaster: Broadcaster; sessions: ReadonlyMap<string, Session> };

/** Tells everybody here of configs and instances as they are now (CFG-3, CFG-4). */
export function catalogChanged({ configs, instances }: CatalogChange, { actors, broadcaster, sessions }: Told): void {
  for (const { before, after } of configs) {
    const config = (after ?? before)!;
    for (const actor of actors.all(config.target, config.instance)) actor.post({ type: "config", before, after });
    if (!after) broadcaster.remove(config.no);
    else if (before && keeps(before) !== keeps(after)) broadcaster.forget(config.no);
    if (before && after && before.status !== after.status) command(after, sessions.values());
  }
  for (const { before, after } of instances) {
    if (!before || !after || before.sessionValidateUrl === after.sessionValidateUrl) continue;
    for (const actor of actors.users(after.no)) actor.post({ type: "instance", urlChanged: true });
  }
}

/** What decides which ops are kept: when it changes, memory and log may differ. */
const keeps = ({ threshold, retentionDays }: Config) => `${threshold} ${retentionDays}`;

function command(config: Config, sessions: Iterable<Session>): void {
  const frame = JSON.stringify({ type: "command", biz: config.bizType, command: config.status });
  for (const { instance, welcomed, connection } of sessions) {
    if (instance.no === config.instance && welcomed) connection.send(frame);
  }
}
