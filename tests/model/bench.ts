import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { SteppableClock } from "../support/clock.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTenant, type TestTenant } from "../support/tenant.ts";
import { CONFIGS, MAX_RETRIES, USERS } from "./fixture.ts";
import { World } from "./world.ts";

const ACTOR = { operator: "model", at: 1_732_000_000_000 };

/** One real server for many runs; each run has an instance, devices and users of its own. */
export class Bench implements AsyncDisposable {
  #runs = 0;

  private constructor(readonly server: TestServer, readonly tenant: TestTenant, readonly clock: SteppableClock) {}

  static async start(): Promise<Bench> {
    const clock = new SteppableClock();
    const env = { MAX_RETRIES: String(MAX_RETRIES), HEARTBEAT_MS: "3600000" };
    return new Bench(await startServer({ clock, env }), startTenant(), clock);
  }

  async world(): Promise<World> {
    const appId = `run${++this.#runs}`;
    const { sql, catalog } = this.server.services;
    const store = postgresCatalog(sql);
    await store.createInstance(ACTOR, { workspaceId: "model", appId, name: appId });
    const { instances } = await store.load();
    const { no } = instances.find((instance) => instance.appId === appId)!;
    await store.changeInstance(ACTOR, no, { signature: false, sessionValidateUrl: this.tenant.url });
    for (const [bizType, { online: _online, ...fields }] of Object.entries(CONFIGS)) {
      await store.createConfig(ACTOR, no, { bizType, description: "model", ...fields });
    }
    await catalog.refresh();
    for (const user of USERS) this.tenant.says(user, "valid");
    return new World(this, no, `model_${appId}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.tenant[Symbol.asyncDispose]();
  }
}
