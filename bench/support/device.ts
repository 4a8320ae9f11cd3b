import { PROTOCOL_VERSION, SUBPROTOCOL } from "../../src/protocol.ts";

/** Connects a device of user `user` of the demo instance, which acknowledges at once; resolves when it is welcome. */
export function connectDevice(url: string, user: number, onOp: (mid: string) => void): Promise<WebSocket> {
  const ws = new WebSocket(url, [SUBPROTOCOL]);
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  ws.onerror = () => reject(new Error("Cannot connect"));
  ws.onopen = () =>
    ws.send(JSON.stringify({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: Date.now(),
      instanceId: "default_demo",
      deviceId: `device-${user}`,
      foreground: true,
      points: [],
      user: { userId: `user-${user}`, sessionId: "s", points: [] },
    }));
  ws.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "welcome") resolve(ws);
    else if (frame.type === "ping") ws.send(JSON.stringify({ type: "pong", n: frame.n }));
    else if (frame.type === "sync") {
      for (const batch of frame.batches) {
        for (const op of batch.ops) onOp(op.mid);
        ws.send(`{"type":"ack","scope":"${batch.scope}","biz":"${batch.biz}","id":${batch.to}}`);
      }
    }
  };
  return promise;
}
