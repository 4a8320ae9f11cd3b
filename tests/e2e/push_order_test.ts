import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import type { PushAnswer } from "../../src/result_codes.ts";
import { ACTOR } from "../support/catalog.ts";
import { makeConfig, setStatus } from "../support/configs.ts";
import { post } from "../support/rest.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** A request that every check can still break. */
type Draft = {
  instanceId: string | null;
  fields: Record<string, unknown>;
  offline: boolean;
  global: boolean;
  /** Turns the body into what is sent. */
  raw: (json: string) => string;
};

type Check = {
  breaks: (draft: Draft) => void;
  answer: PushAnswer["msg"];
  status?: number;
  /** What the sentence says, where the code alone could be another check's. */
  detail?: RegExp;
};

/** PUSH-1's checks in their order, each with what breaks it. */
const CHECKS: Record<string, Check> = {
  "instanceId present": { breaks: (d) => d.instanceId = null, answer: "ARGS_IS_NULL", detail: /instanceId/ },
  size: { breaks: (d) => d.fields.pad = "x".repeat(65_536), answer: "PAYLOAD_LONG", status: 413 },
  signature: { breaks: (d) => d.instanceId = "signed_app", answer: "SIGNATURE_INVALID", status: 401 },
  "body readable": { breaks: (d) => d.raw = (json) => json.slice(0, -1), answer: "ARGS_ILLEGAL", detail: /JSON/ },
  "thirdMsgId present": { breaks: (d) => delete d.fields.thirdMsgId, answer: "THIRDMSGID_IS_NULL" },
  "other required fields present": {
    breaks: (d) => delete d.fields.linkToken,
    answer: "ARGS_IS_NULL",
    detail: /linkToken/,
  },
  lengths: { breaks: (d) => d.fields.payload = "x".repeat(4097), answer: "PAYLOAD_LONG" },
  forms: { breaks: (d) => d.fields.osType = "i\u0000OS", answer: "ARGS_ILLEGAL", detail: /osType/ },
  "instance known": { breaks: (d) => d.instanceId = "nobody_s", answer: "INSTANCE_NOT_FOUND" },
  "config online": { breaks: (d) => d.offline = true, answer: "BIZ_NOT_ONLINE" },
  "scope fits": { breaks: (d) => d.global = true, answer: "NOT_SUPPORT_GLOBAL" },
  duplicate: { breaks: (d) => d.fields.thirdMsgId = "known", answer: "DUPLICATED_BIZ_ID" },
  validity: { breaks: (d) => d.fields.validTimeEnd = 1_000, answer: "ARGS_ILLEGAL", detail: /validTimeEnd/ },
};

/** An instance that asks for signatures is known: these two cannot be broken at once. */
const IMPOSSIBLE = new Set(["signature, instance known"]);

async function prepare(server: TestServer): Promise<void> {
  const { sql, catalog } = server.services;
  await postgresCatalog(sql).createInstance(ACTOR, { workspaceId: "signed", appId: "app", name: "Signed" });
  await makeConfig(server, { bizType: "ONLINE" });
  await makeConfig(server, { bizType: "OFFLINE" });
  await makeConfig(server, { bizType: "ONLINE-GLOBAL", scope: "global", target: "device" });
  await makeConfig(server, { bizType: "OFFLINE-GLOBAL", scope: "global", target: "device" });
  for (const bizType of ["ONLINE", "OFFLINE"]) await server.push({ bizType, thirdMsgId: "known" });
  for (const bizType of ["ONLINE-GLOBAL", "OFFLINE-GLOBAL"]) await server.pushGlobal({ bizType, thirdMsgId: "known" });
  await setStatus(server, "OFFLINE", "offline");
  await setStatus(server, "OFFLINE-GLOBAL", "offline");
  await catalog.refresh();
}

async function answerTo(server: TestServer, ...broken: Check[]) {
  const fields = { linkToken: "u-1", thirdMsgId: crypto.randomUUID(), payload: "hello" };
  const draft: Draft = { instanceId: "default_demo", fields, offline: false, global: false, raw: (json) => json };
  // the earlier check last, so that it has the last word about a field of both
  for (const check of broken.toReversed()) check.breaks(draft);
  draft.fields.bizType = `${draft.offline ? "OFFLINE" : "ONLINE"}${draft.global ? "-GLOBAL" : ""}`;
  return await post(server, draft.raw(JSON.stringify(draft.fields)), { instanceId: draft.instanceId });
}

Deno.test("[PUSH-1] of any two checks that fail, the earlier one answers", async () => {
  await using server = await startServer();
  await prepare(server);
  const checks = Object.entries(CHECKS);
  assert.equal((await answerTo(server)).body.msg, "NOT_ONLINE", "with nothing broken");
  for (const [at, [name, check]] of checks.entries()) {
    for (const [later, broken] of [["nothing else", undefined] as const, ...checks.slice(at + 1)]) {
      if (IMPOSSIBLE.has(`${name}, ${later}`)) continue;
      const { status, body } = await answerTo(server, check, ...(broken ? [broken] : []));
      const what = `${name} and ${later}: ${JSON.stringify(body)}`;
      assert.deepEqual([status, body.msg], [check.status ?? 200, check.answer], what);
      assert.equal(body.success, check.answer === "DUPLICATED_BIZ_ID", what);
      if (!body.success) assert.match(body.detail ?? "", check.detail ?? /\w/, what);
    }
  }
});
