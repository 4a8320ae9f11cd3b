import assert from "node:assert/strict";
import type { Session } from "../../actors/session.ts";
import { SessionRows } from "../../actors/session_rows.ts";
import type { SessionStore } from "../../db/sessions.ts";

const session = (deviceId: string, welcomed: boolean) =>
  ({ instance: { no: 1 }, deviceId, connection: { id: deviceId }, welcomed, ended: true }) as Session;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("of what ends while the database is away only rows that were written are kept for later, and one line tells of all", async () => {
  let away = true;
  const released: string[] = [], lines: string[] = [];
  const store = {
    release(sessions: readonly { deviceId: string }[]) {
      if (away) return Promise.reject(new Error("away"));
      released.push(...sessions.map((one) => one.deviceId));
      return Promise.resolve();
    },
  } as unknown as SessionStore;
  const rows = new SessionRows(store, (_level, message) => void lines.push(message));
  rows.release(session("had a welcome", true));
  for (let n = 0; n < 100; n++) rows.release(session(`failed connect ${n}`, false));
  await turn();
  assert.equal(lines.length, 1);
  away = false;
  rows.write();
  await turn();
  assert.deepEqual(released, ["had a welcome"]);
});
