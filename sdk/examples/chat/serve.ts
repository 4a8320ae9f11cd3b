/**
 * The chat's own server, the "business server" of a real app: serves the page and pushes what is sent to both sides.
 *
 * `deno task start` in the project, `deno task build:sdk`, then `deno run -A sdk/examples/chat/serve.ts`, and open
 * `http://127.0.0.1:8090/?me=alice` and `http://127.0.0.1:8090/?me=bob`.
 */

const FILES: Record<string, [file: URL, type: string]> = {
  "/": [new URL("index.html", import.meta.url), "text/html; charset=utf-8"],
  "/client.js": [new URL("../../dist/browser.js", import.meta.url), "text/javascript"],
};

export type ChatOptions = {
  /** Where Syncline is, e.g. `http://127.0.0.1:8080`. */
  server: string;
  instanceId: string;
};

/** @returns the handler for `Deno.serve` */
export function chat({ server, instanceId }: ChatOptions): (request: Request) => Promise<Response> {
  const push = async (linkToken: string, message: unknown) => {
    const response = await fetch(`${server}/webapi/sync/single?instanceId=${instanceId}`, {
      method: "POST",
      body: JSON.stringify({
        bizType: "UCHAT",
        linkToken,
        thirdMsgId: crypto.randomUUID(),
        payload: JSON.stringify(message),
      }),
    });
    return (await response.json()).success === true;
  };
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/config.json") return Response.json({ server, instanceId });
    if (pathname === "/send" && request.method === "POST") {
      const { from, to, text } = await request.json();
      // A real server takes `from` from its own session, not from the request.
      const sent = await Promise.all(
        [...new Set([String(to), String(from)])].map((user) => push(user, { from, text })),
      );
      return Response.json({}, { status: sent.every(Boolean) ? 200 : 502 });
    }
    const file = FILES[pathname];
    if (!file) return new Response("Not found", { status: 404 });
    return new Response(await Deno.readFile(file[0]), { headers: { "Content-Type": file[1] } });
  };
}

if (import.meta.main) {
  const server = Deno.env.get("SYNCLINE") ?? "http://127.0.0.1:8080";
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8090) },
    chat({ server, instanceId: Deno.env.get("INSTANCE") ?? "default_demo" }),
  );
}
