import assert from "node:assert/strict";
import { stepLane } from "../../actors/lane.ts";
import type { Lane, LaneEvent, LanePhase } from "../../actors/lane_state.ts";
import { context, DAY, inFlight, lane, NOW, op, stepAsText, UCHAT } from "./support/lanes.ts";

const PHASES: Record<LanePhase["kind"], LanePhase> = {
  stopped: { kind: "stopped" },
  ready: { kind: "ready" },
  reading: { kind: "reading", ticket: 7, late: [] },
};

/** 9 and 10 are unacknowledged; 9 is due, and the client has been heard from since it was sent. */
const laneIn = (phase: LanePhase["kind"], fields: Partial<Lane> = {}): Lane =>
  lane({
    phase: PHASES[phase],
    point: 8,
    sentTo: 10,
    readTo: 10,
    head: 10,
    window: [inFlight(9, { due: NOW, sentAt: NOW - 10_000 }), inFlight(10)],
    ...fields,
  });

const EVENTS: Record<LaneEvent["type"], LaneEvent> = {
  appended: { type: "appended", op: op(11), prev: 10 },
  head: { type: "head", id: 12 },
  page: { type: "page", ticket: 7, page: { ops: [op(11), op(12)], upTo: 13, head: 13 } },
  readFailed: { type: "readFailed", ticket: 7 },
  ackTo: { type: "ackTo", id: 9 },
  ackIds: { type: "ackIds", ids: [10] },
  due: { type: "due", heardAt: NOW - 1 },
  heard: { type: "heard" },
  buried: { type: "buried", ids: [8] },
  stop: { type: "stop" },
  resume: { type: "resume" },
  foreground: { type: "foreground" },
};

const STAYS: Record<LanePhase["kind"], string> = {
  stopped: "stopped [9,10] read to 10",
  ready: "ready [9,10] read to 10",
  reading: "reading [9,10] read to 10",
};

const TABLE: Record<LanePhase["kind"], Record<LaneEvent["type"], string>> = {
  stopped: {
    appended: STAYS.stopped,
    head: STAYS.stopped,
    page: STAYS.stopped,
    readFailed: STAYS.stopped,
    ackTo: "stopped [10] read to 10 | acked 9 | point 9",
    ackIds: "stopped [9] read to 10 | acked 10",
    due: STAYS.stopped,
    heard: STAYS.stopped,
    buried: `${STAYS.stopped} | send (10,10] nothing gone 8`,
    stop: STAYS.stopped,
    resume: STAYS.ready,
    foreground: STAYS.stopped,
  },
  ready: {
    appended: "ready [9,10,11] read to 11 | send (10,11] 11",
    head: "reading [9,10] read to 10 | read after 10 limit 98",
    page: STAYS.ready,
    readFailed: STAYS.ready,
    ackTo: "ready [10] read to 10 | acked 9 | point 9",
    ackIds: "ready [9] read to 10 | acked 10",
    due: "ready [9,10] read to 10 | send (10,10] 9 | retried 9",
    heard: STAYS.ready,
    buried: `${STAYS.ready} | send (10,10] nothing gone 8`,
    stop: STAYS.stopped,
    resume: STAYS.ready,
    foreground: STAYS.ready,
  },
  reading: {
    appended: STAYS.reading,
    head: STAYS.reading,
    page: "ready [9,10,11,12] read to 13 | send (10,13] 11,12",
    readFailed: STAYS.ready,
    ackTo: "reading [10] read to 10 | acked 9 | point 9",
    ackIds: "reading [9] read to 10 | acked 10",
    due: "reading [9,10] read to 10 | send (10,10] 9 | retried 9",
    heard: STAYS.reading,
    buried: `${STAYS.reading} | send (10,10] nothing gone 8`,
    stop: STAYS.stopped,
    resume: STAYS.reading,
    foreground: STAYS.reading,
  },
};

Deno.test("[DLV-1] [DLV-4] [CFG-4] a lane's transitions: every phase, every event", () => {
  for (const [phase, row] of Object.entries(TABLE)) {
    for (const [type, expected] of Object.entries(row)) {
      const step = stepLane(laneIn(phase as LanePhase["kind"]), EVENTS[type as LaneEvent["type"]], context());
      assert.equal(stepAsText(step), expected, `${phase}, ${type}`);
    }
  }
});

/** Steps from a lane that is ready, or from `from`. */
const after = (event: LaneEvent, from: Partial<Lane> = {}, ...[fields]: Parameters<typeof context>) =>
  stepAsText(stepLane(laneIn("ready", from), event, context(fields)));

Deno.test("[STR-3] only what directly follows is handed on; a gap or a stopped stream is read from the log", () => {
  assert.equal(after({ type: "appended", op: op(12), prev: 11 }), "reading [9,10] read to 10 | read after 10 limit 98");
  assert.equal(after({ type: "appended", op: op(10), prev: 9 }), "ready [9,10] read to 10");
  assert.equal(after({ type: "appended", op: op(11), prev: 9 }), "reading [9,10] read to 10 | read after 10 limit 98");
  const heard = stepLane(laneIn("stopped"), { type: "appended", op: op(11), prev: 10 }, context()).lane;
  assert.equal(
    stepAsText(stepLane(heard, { type: "resume" }, context())),
    "reading [9,10] read to 10 | read after 10 limit 98",
  );
});

Deno.test("[STR-3] a read that failed is asked for again when there is still more, and an older ticket changes nothing", () => {
  const phase = PHASES.reading;
  assert.equal(
    after(EVENTS.readFailed, { phase, head: 12 }),
    "reading [9,10] read to 10 | read after 10 limit 98",
  );
  assert.equal(after({ type: "readFailed", ticket: 6 }, { phase }), STAYS.reading);
  const page = { ops: [op(11)], upTo: 11, head: 11 };
  assert.equal(after({ type: "page", ticket: 6, page }, { phase }), STAYS.reading);
});

Deno.test("[PT-1] an ack speaks only of what was sent here, and moves the point only upwards", () => {
  assert.equal(after({ type: "ackTo", id: 11 }), "ready [9,10] read to 10 | ignored acks 1");
  assert.equal(after({ type: "ackTo", id: 8 }), "ready [9,10] read to 10");
  assert.equal(after({ type: "ackIds", ids: [11, 9] }), "ready [10] read to 10 | ignored acks 1 | acked 9 | point 9");
  assert.equal(after({ type: "ackIds", ids: [3] }), "ready [9,10] read to 10");
  assert.equal(after({ type: "ackTo", id: 10 }), "ready [] read to 10 | acked 9,10 | point 10");
});

Deno.test("[DLV-1] [DLV-4] an ack by id moves the point only when all below is complete; late ops never do", () => {
  const window = [inFlight(4, { late: true }), inFlight(9), inFlight(10)];
  assert.equal(after({ type: "ackIds", ids: [10] }, { window }), "ready [4,9] read to 10 | acked 10");
  assert.equal(after({ type: "ackIds", ids: [9] }, { window }), "ready [4,10] read to 10 | acked 9 | point 9");
  assert.equal(after({ type: "ackIds", ids: [9, 10] }, { window }), "ready [4] read to 10 | acked 9,10 | point 10");
  assert.equal(after({ type: "ackIds", ids: [4] }, { window }), "ready [9,10] read to 10 | acked 4");
  assert.equal(after({ type: "ackTo", id: 10 }, { window }), "ready [4] read to 10 | acked 9,10 | point 10");
});

Deno.test("[DLV-5] a retry waits for a sign of life when nothing was heard since the send", () => {
  const window = [inFlight(9, { due: NOW, sentAt: NOW - 10_000 }), inFlight(10)];
  const probed = stepLane(laneIn("ready", { window }), { type: "due", heardAt: NOW - 10_000 }, context());
  assert.equal(stepAsText(probed), "ready [9,10] read to 10 | probe");
  assert.deepEqual(probed.lane.window.map((item) => [item.probed, item.attempts]), [[true, 0], [false, 0]]);
  const heard = stepLane(probed.lane, { type: "heard" }, context({ now: NOW + 20 }));
  assert.equal(stepAsText(heard), "ready [9,10] read to 10 | send (10,10] 9 | retried 9");
  assert.deepEqual(heard.lane.window.map((item) => [item.probed, item.attempts]), [[false, 1], [false, 0]]);
});

Deno.test("[DLV-4] [DLV-6] waits double to the longest; after the last retry the op is discarded and the rest goes on", () => {
  let state = laneIn("ready", { window: [inFlight(9), inFlight(10, { due: NOW + 10 * DAY })] });
  const waits: number[] = [];
  let now = NOW, text = "";
  while (text === "" || text.includes("retried")) {
    const due = state.window[0]!.due;
    waits.push((due - now) / 1_000);
    now = due;
    const step = stepLane(state, { type: "due", heardAt: now - 1 }, context({ now }));
    state = step.lane;
    text = stepAsText(step);
  }
  assert.deepEqual(waits, [10, 20, 40, 60, 60, 60, 60]);
  assert.equal(text, "ready [10] read to 10 | discarded 9");
});

Deno.test("[DLV-6] [DLV-7] what expired while unacknowledged leaves the window, is told, and is never sent again", () => {
  const window = [inFlight(9, { op: op(9, { validUntil: NOW }), due: NOW, sentAt: NOW - 10_000 }), inFlight(10)];
  assert.equal(
    after({ type: "due", heardAt: NOW - 1 }, { window }),
    "ready [10] read to 10 | send (10,10] nothing gone 9 | expired 9",
  );
  const retention = { config: { ...UCHAT, retentionDays: 1 }, now: NOW + DAY };
  assert.equal(
    after({ type: "due", heardAt: NOW + DAY - 1 }, {}, retention),
    "ready [] read to 10 | send (10,10] nothing gone 9,10 | expired 9,10",
  );
});

Deno.test("[PT-4] [DLV-7] ids that this device does not get are covered by the interval", () => {
  const phase = PHASES.reading;
  const page = { ops: [op(11, { validUntil: NOW }), op(14)], upTo: 20, head: 20 };
  assert.equal(
    after({ type: "page", ticket: 7, page }, { phase }),
    "ready [9,10,14] read to 20 | send (10,20] 14",
  );
  const nothing = { ops: [], upTo: 20, head: 20 };
  // ten ids that hold nothing are told with the next batch, or at once when they are the replay's whole answer
  assert.equal(after({ type: "page", ticket: 7, page: nothing }, { phase, fresh: false }), "ready [9,10] read to 20");
  assert.equal(
    after({ type: "page", ticket: 7, page: nothing }, { phase, fresh: true }),
    "ready [9,10] read to 20 | send (10,20] nothing",
  );
});

Deno.test("[DLV-3] a full window takes nothing more, by ops and by bytes, and asks again when half of it is free", () => {
  const limits = { ops: 4, bytes: 1_000 };
  const full = [7, 8, 9, 10].map((id) => inFlight(id));
  assert.equal(
    after({ type: "appended", op: op(11), prev: 10 }, { window: full }, { limits }),
    "ready [7,8,9,10] read to 10",
  );
  const heavy = [inFlight(9, { op: op(9, { bytes: 600 }) }), inFlight(10, { op: op(10, { bytes: 300 }) })];
  const next = { type: "appended" as const, op: op(11, { bytes: 101 }), prev: 10 };
  const waits = stepLane(laneIn("ready", { window: heavy }), next, context({ limits }));
  assert.equal(stepAsText(waits), "ready [9,10] read to 10");
  assert.equal(
    stepAsText(stepLane(waits.lane, { type: "ackTo", id: 9 }, context({ limits }))),
    "reading [10] read to 10 | acked 9 | point 9 | read after 10 limit 3",
  );
  const page = { ops: [op(11, { bytes: 600 }), op(12, { bytes: 101 }), op(15, { bytes: 1 })], upTo: 20, head: 20 };
  const window = [inFlight(10, { op: op(10, { bytes: 300 }) })];
  assert.equal(
    stepAsText(stepLane(laneIn("reading", { window }), { type: "page", ticket: 7, page }, context({ limits }))),
    "ready [10,11] read to 11 | send (10,11] 11",
  );
  // larger than the whole limit: alone it goes, behind others it waits
  const huge = { ops: [op(11, { bytes: 2_000 })], upTo: 11, head: 11 };
  const alone = laneIn("reading", { window: [], point: 10 });
  assert.equal(
    stepAsText(stepLane(alone, { type: "page", ticket: 7, page: huge }, context({ limits }))),
    "ready [11] read to 11 | send (10,11] 11",
  );
  assert.equal(
    stepAsText(stepLane(laneIn("reading", { window }), { type: "page", ticket: 7, page: huge }, context({ limits }))),
    "ready [10] read to 10",
  );
});

Deno.test("[DLV-3] [FLT-3] late ops fill a window no further than others; what found no room stays owed and goes before newer ones", () => {
  const limits = { ops: 4, bytes: 1_000 };
  const phase = { kind: "reading", ticket: 7, late: [3, 4, 5] } as const;
  const page = { ops: [3, 4, 5].map((id) => op(id, { bytes: 450 })), upTo: 10, head: 0 };
  const from = { phase, owed: [3, 4, 5], window: [], point: 10, head: 12 };
  const sent = stepLane(laneIn("reading", from), { type: "page", ticket: 7, page }, context({ limits }));
  assert.equal(stepAsText(sent), "ready [3,4] read to 10 | send late 3,4");
  assert.deepEqual(sent.lane.owed, [5]);
  const acked = stepLane(sent.lane, { type: "ackIds", ids: [3] }, context({ limits }));
  assert.equal(stepAsText(acked), "reading [4] read to 10 | acked 3 | read ids 5");
  const huge = { ops: [op(5, { bytes: 2_000 })], upTo: 10, head: 0 };
  const waits = stepLane(acked.lane, { type: "page", ticket: 100, page: huge }, context({ limits }));
  assert.equal(stepAsText(waits), "ready [4] read to 10");
});

Deno.test("[GLB-2] a global stream goes no further than the head at the last foreground", () => {
  const global = { until: 10, window: [] };
  assert.equal(after({ type: "appended", op: op(11), prev: 10 }, global), "ready [] read to 10");
  const moved = stepLane(laneIn("ready", global), { type: "head", id: 12 }, context());
  assert.equal(stepAsText(moved), "ready [] read to 10");
  const awake = stepLane(moved.lane, { type: "foreground" }, context());
  assert.equal(stepAsText(awake), "reading [] read to 10 | read after 10 limit 100");
  const page = { ops: [op(11), op(12), op(13)], upTo: 13, head: 13 };
  assert.equal(
    stepAsText(stepLane(awake.lane, { type: "page", ticket: 100, page }, context())),
    "ready [11,12] read to 12 | send (10,12] 11,12",
  );
});

Deno.test("[FLT-1] [FLT-2] [FLT-3] a live op that this device may not get goes by way of the log, where it is owed", () => {
  for (const fields of [{ os: "iOS" }, { minVersion: "2.0" }, { maxVersion: "1.1" }, { validUntil: NOW }]) {
    assert.equal(
      after({ type: "appended", op: op(11, fields), prev: 10 }),
      "reading [9,10] read to 10 | read after 10 limit 98",
    );
  }
});
