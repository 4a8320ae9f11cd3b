/**
 * Waits until some of these sockets of the system have something to read, without end where `ms` is negative.
 *
 * @returns which, by their places; empty when the time is over
 */
export type Readable = (ms: number) => readonly number[];

/** With `epoll`, which asks for those that are ready only, where there is one; else with `poll`, which looks at all. */
export function watchSockets(sockets: readonly number[]): Readable {
  return Deno.build.os === "linux" ? byEpoll(sockets) : byPoll(sockets);
}

const IN = 1;

function byEpoll(sockets: readonly number[]): Readable {
  const { symbols } = Deno.dlopen("libc.so.6", {
    epoll_create1: { parameters: ["i32"], result: "i32" },
    epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  });
  const EPOLL_CTL_ADD = 1;
  // events, then what is to be given back; packed on this architecture alone
  const packed = Deno.build.arch === "x86_64";
  const size = packed ? 12 : 16, at = packed ? 4 : 8;
  const epoll = symbols.epoll_create1(0);
  for (const [place, socket] of sockets.entries()) {
    const event = new DataView(new ArrayBuffer(size));
    event.setUint32(0, IN, true);
    event.setUint32(at, place, true);
    if (symbols.epoll_ctl(epoll, EPOLL_CTL_ADD, socket, new Uint8Array(event.buffer)) !== 0) {
      throw new Error("Cannot watch a socket");
    }
  }
  const events = new Uint8Array(sockets.length * size);
  const view = new DataView(events.buffer);
  return (ms) => {
    const count = Math.max(0, symbols.epoll_wait(epoll, events, sockets.length, ms));
    return Array.from({ length: count }, (_, n) => view.getUint32(n * size + at, true));
  };
}

function byPoll(sockets: readonly number[]): Readable {
  const { symbols } = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  });
  const polled = new Int32Array(sockets.flatMap((socket) => [socket, IN]));
  const bytes = new Uint8Array(polled.buffer);
  return (ms) => {
    if (symbols.poll(bytes, BigInt(sockets.length), ms) <= 0) return [];
    return [...sockets.keys()].filter((place) => polled[place * 2 + 1]! >> 16 !== 0);
  };
}
