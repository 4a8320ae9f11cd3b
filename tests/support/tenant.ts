import type { TestServer } from "./server.ts";

export type TenantVerdict = "valid" | "invalid" | "unknown";

/** A tenant's session check on a real port; what it says of a user can be changed at any time. */
export interface TestTenant extends AsyncDisposable {
  readonly url: string;
  /** Who was asked about, as `userId sessionId`, in order. */
  readonly asked: string[];
  /** @default "valid" */
  says(userId: string, verdict: TenantVerdict): void;
  /** Questions wait from now on; the returned function lets them go on. */
  hold(): () => void;
}

const ANSWER: Record<TenantVerdict, (sid: string) => Response> = {
  valid: (sid) => answer({ success: "true", result: { sid, valid: "true" } }),
  invalid: (sid) => answer({ success: "true", result: { sid, valid: "false" } }),
  unknown: () => new Response("down", { status: 503 }),
};

function answer(rest: object): Response {
  return Response.json({ response: { resultCode: "OK", resultMsg: "", ...rest } });
}

export function startTenant(): TestTenant {
  const verdicts = new Map<string, TenantVerdict>();
  const asked: string[] = [];
  let held: Promise<void> = Promise.resolve();
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { userId, sessionId } = await request.json();
    asked.push(`${userId} ${sessionId}`);
    await held;
    return ANSWER[verdicts.get(userId) ?? "valid"](sessionId);
  });
  return {
    url: `http://127.0.0.1:${http.addr.port}/check`,
    asked,
    says: (userId, verdict) => void verdicts.set(userId, verdict),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
}

/** Lets `default_demo` ask there; the server does so when this resolves. */
export async function askAt({ services: { sql, catalog } }: TestServer, url: string | null): Promise<void> {
  await sql`update instance set session_validate_url = ${url} where id = 'default_demo'`;
  await catalog.refresh();
}
