import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { startServer } from "../support/server.ts";
import { ids } from "./shared.ts";

const HOUR = 3_600_000;

Deno.test("[DLV-4] [DLV-5] setting the machine's clock back holds no retry up", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { ACK_TIMEOUT_MS: "300" } });
  await using client = await RawClient.connect(server, { user: user("u-1") });
  await server.push();
  await server.push({ bizType: "TRADE-RESULT" });
  await client.until(() => client.ops().length === 2);
  clock.jump(-HOUR);
  await client.until(() => ids(client, "UCHAT").length > 1 && ids(client, "TRADE-RESULT").length > 1, 5_000);
});

Deno.test("setting the machine's clock forward closes nobody, and setting it back leaves nobody unasked", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { HEARTBEAT_MS: "2000" } });
  await using client = await RawClient.connect(server);
  clock.jump(HOUR);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await client.settled();
  client.alive = false;
  clock.jump(-HOUR);
  await client.next("ping");
});
