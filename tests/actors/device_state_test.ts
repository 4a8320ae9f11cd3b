import assert from "node:assert/strict";
import {
  type DeviceEffect,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  stepDevice,
} from "../../actors/device_state.ts";

/** The device's session in these tests is c-1 with seq 5. */
const STATES: Record<DeviceState["kind"], DeviceState> = {
  offline: { kind: "offline" },
  opening: { kind: "opening", connectionId: "c-1", seq: 5 },
  online: { kind: "online", connectionId: "c-1", seq: 5 },
};

const event = (type: DeviceEvent["type"], connectionId: string, seq = 6): DeviceEvent =>
  type === "hello" || type === "outranked" ? { type, connectionId, seq } : { type, connectionId };

/** A step as text: the state, then what is to be done. */
function asText({ state, effects }: DeviceStep): string {
  const named = state.kind === "offline" ? "offline" : `${state.kind} ${state.connectionId} seq ${state.seq}`;
  return [named, ...effects.map(effectAsText)].join(" | ");
}

function effectAsText(effect: DeviceEffect): string {
  return effect.type === "replace"
    ? `replace ${effect.connectionId} by seq ${effect.seq}`
    : `${effect.type} ${effect.connectionId}`;
}

type Table = Record<DeviceState["kind"], Record<DeviceEvent["type"], string>>;

/** Events of the device's own session, c-1; a hello is the first thing that a connection says, so here it is c-1's. */
const OF_THE_SESSION: Table = {
  offline: {
    hello: "opening c-1 seq 6 | hydrate c-1",
    hydrated: "offline",
    outranked: "offline",
    closed: "offline",
  },
  opening: {
    hello: "opening c-1 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-1",
    hydrated: "online c-1 seq 5 | open c-1",
    outranked: "offline | end c-1 | replace c-1 by seq 6",
    closed: "offline | end c-1",
  },
  online: {
    hello: "opening c-1 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-1",
    hydrated: "online c-1 seq 5",
    outranked: "offline | end c-1 | replace c-1 by seq 6",
    closed: "offline | end c-1",
  },
};

/** Events of another connection, c-2: its hello is newer, all else comes late and changes nothing. */
const OF_ANOTHER: Table = {
  offline: {
    hello: "opening c-2 seq 6 | hydrate c-2",
    hydrated: "offline",
    outranked: "offline",
    closed: "offline",
  },
  opening: {
    hello: "opening c-2 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-2",
    hydrated: "opening c-1 seq 5",
    outranked: "opening c-1 seq 5",
    closed: "opening c-1 seq 5",
  },
  online: {
    hello: "opening c-2 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-2",
    hydrated: "online c-1 seq 5",
    outranked: "online c-1 seq 5",
    closed: "online c-1 seq 5",
  },
};

for (
  const [whose, connectionId, table] of [["its session", "c-1", OF_THE_SESSION], [
    "another",
    "c-2",
    OF_ANOTHER,
  ]] as const
) {
  Deno.test(`[DEV-3] a device's transitions: every state, every event of ${whose}`, () => {
    for (const [kind, row] of Object.entries(table)) {
      for (const [type, expected] of Object.entries(row)) {
        const step = stepDevice(
          STATES[kind as DeviceState["kind"]],
          event(type as DeviceEvent["type"], connectionId),
        );
        assert.equal(asText(step), expected, `${kind}, ${type}`);
      }
    }
  });
}

Deno.test("[DEV-3] the newer connection is told by its seq, and the later arrival wins a tie", () => {
  const by: Record<"lower" | "equal" | "higher", { seq: number; opening: string; online: string }> = {
    lower: {
      seq: 4,
      opening: "opening c-1 seq 5 | replace c-2 by seq 5",
      online: "online c-1 seq 5 | replace c-2 by seq 5",
    },
    equal: {
      seq: 5,
      opening: "opening c-2 seq 5 | end c-1 | replace c-1 by seq 5 | hydrate c-2",
      online: "opening c-2 seq 5 | end c-1 | replace c-1 by seq 5 | hydrate c-2",
    },
    higher: {
      seq: 6,
      opening: "opening c-2 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-2",
      online: "opening c-2 seq 6 | end c-1 | replace c-1 by seq 6 | hydrate c-2",
    },
  };
  for (const { seq, ...expected } of Object.values(by)) {
    for (const kind of ["opening", "online"] as const) {
      assert.equal(asText(stepDevice(STATES[kind], event("hello", "c-2", seq))), expected[kind], `${kind}, seq ${seq}`);
    }
  }
});

Deno.test("[DEV-3] seq is compared with the live session's only: after it has ended a lower one is welcome", () => {
  const ended = stepDevice(STATES.online, event("closed", "c-1")).state;
  assert.equal(asText(stepDevice(ended, event("hello", "c-2", 1))), "opening c-2 seq 1 | hydrate c-2");
});
