import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { z } from "zod";
import { ClientFrame, MAX_FRAME_BYTES, MAX_HELLO_BYTES, PROTOCOL_VERSION, ServerFrame } from "../../src/protocol.ts";

/** By version: the hash of both unions. A frame that changes needs a new version, and a new line here. */
const HASHES: Record<number, string> = {
  1: "b219081ad59f2603d3c475baba7308a296103235a62a7356abcc53adcf767a36",
};

Deno.test("the frames are those of the protocol's version: changing one without raising the version fails", () => {
  const frames = [ClientFrame, ServerFrame].map((schema) => z.toJSONSchema(schema, { io: "input" }));
  const hash = createHash("sha256").update(JSON.stringify(frames)).digest("hex");
  assert.equal(hash, HASHES[PROTOCOL_VERSION]);
});

const HELLO = { type: "hello", protocol: 1, seq: 1, instanceId: "default_demo", deviceId: "d-1" };

Deno.test("a hello may leave out what it has not, and unknown fields are ignored", () => {
  assert.deepEqual(ClientFrame.parse({ ...HELLO, colour: "green" }), { ...HELLO, foreground: true, points: [] });
});

Deno.test("a bad field is refused and named", () => {
  const cases: [frame: object, path: string][] = [
    [{ ...HELLO, deviceId: "" }, "deviceId"],
    [{ ...HELLO, deviceId: "d".repeat(101) }, "deviceId"],
    [{ ...HELLO, deviceId: "d\n1" }, "deviceId"],
    [{ ...HELLO, deviceId: "d\u0000" }, "deviceId"],
    [{ ...HELLO, deviceId: "\ud800" }, "deviceId"],
    [{ ...HELLO, seq: -1 }, "seq"],
    [{ ...HELLO, seq: 2 ** 53 }, "seq"],
    [{ ...HELLO, seq: 1.5 }, "seq"],
    [{ ...HELLO, points: [["user", "UCHAT", -1]] }, "points.0.2"],
    [{ ...HELLO, points: [["everybody", "UCHAT", 1]] }, "points.0.0"],
    [{ ...HELLO, points: [["user", "U CHAT", 1]] }, "points.0.1"],
    [{ ...HELLO, user: { userId: "u-1" } }, "user.sessionId"],
    [{ ...HELLO, foreground: "yes" }, "foreground"],
    [{ type: "ack", scope: "user", biz: "UCHAT" }, "id"],
    [{ type: "ack", scope: "user", biz: "UCHAT", ids: new Array(1001).fill(1) }, "ids"],
    [{ type: "bind", n: 1, userId: "u-1" }, "sessionId"],
    [{ type: "shout" }, "type"],
  ];
  for (const [frame, path] of cases) {
    const { error } = ClientFrame.safeParse(frame);
    assert.equal(error?.issues[0]?.path.join("."), path, JSON.stringify(frame).slice(0, 200));
  }
});

Deno.test("a hello may carry the points of many streams and stays below its limit", () => {
  const points = Array.from({ length: 4000 }, (_, n) => ["user", `BIZ-${n}`, Number.MAX_SAFE_INTEGER]);
  const size = JSON.stringify({ ...HELLO, user: { userId: "u-1", sessionId: "s-1", points } }).length;
  assert.ok(size <= MAX_HELLO_BYTES, `${size} bytes`);
  assert.deepEqual([MAX_HELLO_BYTES, MAX_FRAME_BYTES], [262_144, 65_536]);
});
