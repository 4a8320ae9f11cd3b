import assert from "node:assert/strict";
import {
  stepVerdict,
  type VerdictEffect,
  type VerdictEvent,
  verdictOf,
  type VerdictState,
} from "../../actors/user_state.ts";

/** The question under way in these tests has token 7 and is the third attempt. */
const STATES: Record<VerdictState["kind"], VerdictState[]> = {
  unasked: [{ kind: "unasked" }],
  asking: [{ kind: "asking", token: 7, attempt: 2 }],
  waiting: [{ kind: "waiting", token: 7, attempt: 2 }],
  known: [{ kind: "known", verdict: "valid" }, { kind: "known", verdict: "invalid" }],
};

/** Every kind of event in every shape that matters. */
type Shapes = {
  bound: "hello" | "bind" | "nobody asks";
  changed: "first to ask" | "other URL" | "nobody asks any more" | "no URL any more";
  answered: "valid" | "invalid" | "unknown" | "an older question";
  again: "its turn" | "an older timer";
};
type Named = { [Type in VerdictEvent["type"]]: Record<Shapes[Type], VerdictEvent> };

const EVENTS: Named = {
  bound: {
    hello: { type: "bound", needed: true, reuse: true, token: 9 },
    bind: { type: "bound", needed: true, reuse: false, token: 9 },
    "nobody asks": { type: "bound", needed: false, reuse: true, token: 9 },
  },
  changed: {
    "first to ask": { type: "changed", needed: true, urlChanged: false, token: 9 },
    "other URL": { type: "changed", needed: true, urlChanged: true, token: 9 },
    "nobody asks any more": { type: "changed", needed: false, urlChanged: false, token: 9 },
    "no URL any more": { type: "changed", needed: false, urlChanged: true, token: 9 },
  },
  answered: {
    valid: { type: "answered", token: 7, verdict: "valid" },
    invalid: { type: "answered", token: 7, verdict: "invalid" },
    unknown: { type: "answered", token: 7, verdict: "unknown" },
    "an older question": { type: "answered", token: 6, verdict: "valid" },
  },
  again: {
    "its turn": { type: "again", token: 7, next: 9 },
    "an older timer": { type: "again", token: 6, next: 9 },
  },
};

type Row = { [Type in VerdictEvent["type"]]: Record<Shapes[Type], string> };
const SAME = "same";
const BOUND = {
  hello: "asking 9 attempt 0 | ask 9 or reuse",
  bind: "asking 9 attempt 0 | ask 9",
  "nobody asks": "unasked",
};
const IGNORED = { "its turn": SAME, "an older timer": SAME };
const UNANSWERED = { valid: SAME, invalid: SAME, unknown: SAME, "an older question": SAME };
const KNOWN: Row = {
  bound: BOUND,
  changed: {
    "first to ask": SAME,
    "other URL": "asking 9 attempt 0 | announce unknown | ask 9",
    "nobody asks any more": SAME,
    "no URL any more": "unasked | announce unknown",
  },
  answered: UNANSWERED,
  again: IGNORED,
};

/** `same`: the state stays, and nothing is to be done. */
const TABLE: Record<VerdictState["kind"], Row> = {
  unasked: {
    bound: BOUND,
    changed: {
      "first to ask": "asking 9 attempt 0 | ask 9",
      "other URL": "asking 9 attempt 0 | ask 9",
      "nobody asks any more": SAME,
      "no URL any more": SAME,
    },
    answered: UNANSWERED,
    again: IGNORED,
  },
  asking: {
    bound: BOUND,
    changed: {
      "first to ask": SAME,
      "other URL": "asking 9 attempt 0 | ask 9",
      "nobody asks any more": "unasked",
      "no URL any more": "unasked",
    },
    answered: {
      valid: "known valid | announce valid",
      invalid: "known invalid | announce invalid",
      unknown: "waiting 7 attempt 2 | later 7 after attempt 2",
      "an older question": SAME,
    },
    again: IGNORED,
  },
  waiting: {
    bound: BOUND,
    changed: {
      "first to ask": SAME,
      "other URL": "asking 9 attempt 0 | ask 9",
      "nobody asks any more": "unasked",
      "no URL any more": "unasked",
    },
    answered: UNANSWERED,
    again: { "its turn": "asking 9 attempt 3 | ask 9", "an older timer": SAME },
  },
  known: KNOWN,
};

function asText(state: VerdictState, effects: readonly VerdictEffect[]): string {
  const named = state.kind === "unasked"
    ? "unasked"
    : state.kind === "known"
    ? `known ${state.verdict}`
    : `${state.kind} ${state.token} attempt ${state.attempt}`;
  return [named, ...effects.map(effectAsText)].join(" | ");
}

function effectAsText(effect: VerdictEffect): string {
  switch (effect.type) {
    case "ask":
      return effect.reuse ? `ask ${effect.token} or reuse` : `ask ${effect.token}`;
    case "later":
      return `later ${effect.token} after attempt ${effect.attempt}`;
    case "announce":
      return `announce ${effect.verdict}`;
  }
}

Deno.test("[SES-2] [SES-5] a verdict's transitions: every state, every event", () => {
  for (const [kind, row] of Object.entries(TABLE)) {
    for (const [type, shapes] of Object.entries(row)) {
      for (const [shape, expected] of Object.entries(shapes)) {
        const events: Record<string, VerdictEvent> = EVENTS[type as VerdictEvent["type"]];
        for (const state of STATES[kind as VerdictState["kind"]]) {
          const step = stepVerdict(state, events[shape]!);
          const wanted = expected === SAME ? asText(state, []) : expected;
          assert.equal(asText(step.state, step.effects), wanted, `${kind}, ${type}, ${shape}`);
        }
      }
    }
  }
});

Deno.test("[SES-4] only a known verdict is anything but unknown", () => {
  for (const state of Object.values(STATES).flat()) {
    assert.equal(verdictOf(state), state.kind === "known" ? state.verdict : "unknown");
  }
});
