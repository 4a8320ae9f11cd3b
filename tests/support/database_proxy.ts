/** A way to a Postgres that counts what is asked of it, and can be cut. */
export interface DatabaseProxy extends AsyncDisposable {
  readonly url: string;
  /** Queries so far: simple ones, and executions of prepared ones. */
  readonly queries: number;
}

/** Opens a port in front of the database of that URL. */
export function databaseProxy(databaseUrl: string): DatabaseProxy {
  const target = new URL(databaseUrl);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let queries = 0;

  const serve = async (client: Deno.Conn) => {
    const server = await Deno.connect({ hostname: target.hostname, port: Number(target.port) });
    open.add(client).add(server);
    const count = countQueries(() => queries++);
    await Promise.allSettled([
      client.readable.pipeThrough(count).pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
    open.delete(client);
    open.delete(server);
  };
  const accepting = (async () => {
    const serving = new Set<Promise<void>>();
    for await (const client of listener) {
      const one = serve(client).finally(() => serving.delete(one));
      serving.add(one);
    }
    await Promise.allSettled(serving);
  })();

  const url = new URL(databaseUrl);
  url.port = String(listener.addr.port);
  return {
    url: url.href,
    get queries() {
      return queries;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // the other side was faster
        }
      }
      await accepting;
    },
  };
}

/** Reads the messages of the frontend protocol: a type byte (not in the first one), a length, the rest. */
function countQueries(counted: () => void): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let rest = new Uint8Array(0), started = false;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      const bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
      let at = 0;
      for (;;) {
        const head = started ? 1 : 0;
        if (bytes.length < at + head + 4) break;
        const length = new DataView(bytes.buffer, at + head, 4).getInt32(0);
        if (bytes.length < at + head + length) break;
        const type = started ? String.fromCharCode(bytes[at]!) : "";
        if (type === "Q" || type === "E") counted();
        started = true;
        at += head + length;
      }
      rest = bytes.slice(at);
    },
  });
}
