import assert from "node:assert/strict";
import fc from "fast-check";
import { FRAME_BYTES, FRAME_OPS, syncFrames } from "../../actors/connection.ts";
import type { OutBatch } from "../../actors/lane_state.ts";
import { type Batch, ServerFrame } from "../../src/protocol.ts";

const BIZ = ["UCHAT", "A", "A-BIZ-TYPE-OF-THIRTY-CHARS-000"];
const SCOPES = ["user", "device", "global", "globalUser"] as const;

/** An op of the wire with a payload of so many characters. */
function op(id: number, size: number): OutBatch["ops"][number] {
  const json = JSON.stringify({ id, mid: `m-${id}`, at: 1_732_000_000_000, pl: "李".repeat(size) });
  return { id, json, bytes: new TextEncoder().encode(json).length };
}

/** What a lane makes: an interval of new ops, a repeat (an empty interval), late ops, or ops that are not stored. */
const batch: fc.Arbitrary<OutBatch> = fc.record({
  kind: fc.constantFrom("interval", "repeat", "late", "volatile"),
  scope: fc.constantFrom(...SCOPES),
  biz: fc.constantFrom(...BIZ),
  from: fc.integer({ min: 0, max: 2 ** 40 }),
  steps: fc.array(fc.record({ step: fc.integer({ min: 1, max: 9 }), size: fc.constantFrom(0, 5, 300, 8_000) }), {
    maxLength: 160,
  }),
  beyond: fc.integer({ min: 0, max: 9 }),
  gone: fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 100 }),
}).map(({ kind, scope, biz, from, steps, beyond, gone }) => {
  let id = kind === "repeat" ? 0 : from;
  const ops = steps.map(({ step, size }) => kind === "volatile" ? op(0, size) : op(id += step, size));
  const to = Math.max(id, from) + beyond;
  switch (kind) {
    case "late":
      return { scope, biz, late: true, ops };
    case "volatile":
      return { scope, biz, ops };
    case "repeat":
      return { scope, biz, interval: { from: to, to }, ops, ...(gone.length > 0 ? { gone } : {}) };
    default:
      return { scope, biz, interval: { from, to }, ops };
  }
});

const parse = (frames: readonly string[]): Batch[][] =>
  frames.map((text) => {
    const frame = ServerFrame.parse(JSON.parse(text));
    assert.equal(frame.type, "sync");
    return frame.type === "sync" ? frame.batches : [];
  });

Deno.test("[DLV-2] frames keep every op in order within their limits, and their intervals have no holes", () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 12 }), (batches) => {
      const texts = syncFrames(batches);
      const frames = parse(texts);
      texts.forEach((text, index) => {
        const ops = frames[index]!.flatMap((part) => part.ops);
        assert.ok(ops.length <= FRAME_OPS, `${ops.length} ops in one frame`);
        const size = new TextEncoder().encode(text).length;
        assert.ok(size <= FRAME_BYTES || ops.length === 1, `a frame of ${size} bytes with ${ops.length} ops`);
        assert.ok(frames[index]!.length > 0, "an empty frame");
      });
      const parts = frames.flat();
      assert.deepEqual(
        parts.flatMap((part) => part.ops).map((one) => JSON.stringify(one)),
        batches.flatMap((one) => one.ops.map(({ json }) => json)),
      );
      assert.deepEqual(parts.flatMap((part) => part.gone ?? []), batches.flatMap((one) => one.gone ?? []));
      assertCovered(batches, parts);
    }),
    { numRuns: 150 },
  );
});

/** Each batch's parts follow one another and cover exactly what it covered. */
function assertCovered(batches: readonly OutBatch[], parts: Batch[]): void {
  let at = 0;
  for (const { interval, late, ops, scope, biz } of batches) {
    let cursor = interval?.from, left = ops.length;
    do {
      const part = parts[at++]!;
      assert.deepEqual([part.scope, part.biz, part.late], [scope, biz, late]);
      assert.equal(part.from, cursor);
      for (const one of part.ops) {
        assert.ok(part.to === undefined || one.id <= part.to, "an op above its interval");
      }
      cursor = part.to;
      left -= part.ops.length;
    } while (left > 0);
    assert.equal(cursor, interval?.to);
  }
  assert.equal(at, parts.length);
}

Deno.test("[DLV-2] many small streams go out in one frame, and the hundred-and-first op in the next", () => {
  const streams = Array.from({ length: 50 }, (_, n): OutBatch => ({
    scope: "user",
    biz: `BIZ-${n}`,
    interval: { from: 0, to: 2 },
    ops: [op(1, 3), op(2, 3)],
  }));
  assert.deepEqual(parse(syncFrames(streams)).map((batches) => batches.length), [50]);
  const [one, two] = parse(syncFrames([...streams, { ...streams[0]!, biz: "LAST" }]));
  assert.deepEqual([one?.length, two?.length], [50, 1]);
});

Deno.test("[DLV-2] a frame that is filled to the brim stays within 64 KiB", () => {
  const sized = (id: number, bytes: number) => {
    const rest = bytes - op(id, 0).bytes;
    const json = op(id, 0).json.replace('"pl":""', `"pl":"${"x".repeat(rest)}"`);
    return { id, json, bytes: json.length };
  };
  for (let short = 0; short <= 400; short += 20) {
    const last = FRAME_BYTES - short - 89 * 700;
    const ops = Array.from({ length: 90 }, (_, n) => sized(n + 1, n < 89 ? 700 : last));
    const texts = syncFrames([{ scope: "user", biz: "UCHAT", interval: { from: 0, to: 90 }, ops }]);
    for (const text of texts) assert.ok(text.length <= FRAME_BYTES, `${text.length} bytes`);
    assert.equal(parse(texts).flat().flatMap((part) => part.ops).length, 90);
  }
});
