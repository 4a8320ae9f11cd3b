/**
 * Who speaks for a device (DEV-3). Pure: one session at a time, the newer one by its own `seq`, a tie won by the later
 * arrival; what comes from a connection that is not the current one changes nothing.
 */
export type DeviceState =
  | { kind: "offline" }
  | { kind: "opening"; connectionId: string; seq: number }
  | { kind: "online"; connectionId: string; seq: number };

export type DeviceEvent =
  | { type: "hello"; connectionId: string; seq: number }
  | { type: "hydrated"; connectionId: string }
  /** The device's newer session lives on another server process. */
  | { type: "outranked"; connectionId: string; seq: number }
  | { type: "closed"; connectionId: string };

export type DeviceEffect =
  | { type: "hydrate"; connectionId: string }
  | { type: "open"; connectionId: string }
  /** Close with 4409; `seq` is the one that holds the device. */
  | { type: "replace"; connectionId: string; seq: number }
  /** The session has ended: its streams close, its user is told. */
  | { type: "end"; connectionId: string };

export type DeviceStep = { state: DeviceState; effects: DeviceEffect[] };

export function stepDevice(state: DeviceState, event: DeviceEvent): DeviceStep {
  const current = state.kind !== "offline" && state.connectionId === event.connectionId;
  switch (event.type) {
    case "hello": {
      if (state.kind !== "offline" && event.seq < state.seq) {
        return { state, effects: [{ type: "replace", connectionId: event.connectionId, seq: state.seq }] };
      }
      const replaced: DeviceEffect[] = state.kind === "offline" ? [] : [
        { type: "end", connectionId: state.connectionId },
        { type: "replace", connectionId: state.connectionId, seq: event.seq },
      ];
      const { connectionId, seq } = event;
      return {
        state: { kind: "opening", connectionId, seq },
        effects: [...replaced, { type: "hydrate", connectionId }],
      };
    }
    case "hydrated":
      if (!current || state.kind !== "opening") return { state, effects: [] };
      return { state: { ...state, kind: "online" }, effects: [{ type: "open", connectionId: event.connectionId }] };
    case "outranked":
      if (!current) return { state, effects: [] };
      return {
        state: { kind: "offline" },
        effects: [
          { type: "end", connectionId: event.connectionId },
          { type: "replace", connectionId: event.connectionId, seq: event.seq },
        ],
      };
    case "closed":
      if (!current) return { state, effects: [] };
      return { state: { kind: "offline" }, effects: [{ type: "end", connectionId: event.connectionId }] };
  }
}
