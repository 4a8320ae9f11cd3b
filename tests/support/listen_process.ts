/** Listens as the server does, in a process that may be given few descriptors; says its port and what it logs. */
import { systemClock } from "../../src/clock.ts";
import { listen } from "../../src/listen.ts";

const listening = listen({
  hostname: "127.0.0.1",
  port: 0,
  clock: systemClock,
  log: (_level, message) => console.log(message),
  handler(request) {
    if (request.headers.get("upgrade") === null) return new Response("served");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  },
});
console.log(`port ${listening.port}`);
