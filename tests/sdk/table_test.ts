import assert from "node:assert/strict";
import type { StateName } from "../../sdk/core/model.ts";
import { coreIn, type EventName, EVENTS, outcome, type Row } from "./support/states.ts";
import { connecting, greeting, online } from "./support/table_connected.ts";
import { parked, stopped, waiting } from "./support/table_offline.ts";
import { idle, loading, standby } from "./support/table_unled.ts";

/**
 * Every state with every event: the next state and the effects, in their order (`>x` is a frame sent, `tell:x` a word
 * to the other tabs). A new state or event does not compile until all its cells are written.
 */
const TABLE: Record<StateName, Row> = {
  idle,
  standby,
  loading,
  parked,
  waiting,
  connecting,
  greeting,
  online,
  stopped,
};

for (const [state, row] of Object.entries(TABLE) as [StateName, Row][]) {
  Deno.test(`[SDK-7] transition table: ${state}`, () => {
    const core = coreIn(state);
    for (const [name, expected] of Object.entries(row) as [EventName, string][]) {
      assert.equal(outcome(core, EVENTS[name]), expected, `${name} in ${state}`);
    }
  });
}

Deno.test("[SDK-7] a step changes nothing of the state it was given", () => {
  for (const state of Object.keys(TABLE) as StateName[]) {
    for (const event of Object.values(EVENTS)) {
      const core = coreIn(state);
      const before = structuredClone(core);
      outcome(core, event);
      assert.deepEqual(core, before);
    }
  }
});
