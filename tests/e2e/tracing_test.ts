import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { testDatabase } from "../support/database.ts";
import { OtlpReceiver } from "../support/otlp.ts";
import { startProcess } from "../support/process.ts";
import { message, post } from "../support/rest.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", CALLER = "b7ad6b7169203331";

Deno.test("[OPS-2] with OTEL_DENO one push shows end to end, below its caller's span: request, append, commit, deliver, delivery until the acknowledgement", async () => {
  await using database = await testDatabase();
  await using receiver = new OtlpReceiver();
  await using server = await startProcess({ DATABASE_URL: database.url, ...receiver.env });
  await using phone = await RawClient.connect(server, { deviceId: "phone-of-mine", user: user("user-of-mine") });
  const fields = message({ linkToken: "user-of-mine", thirdMsgId: "order-4711", payload: "nobody's business" });
  const answer = await post(server, fields, { headers: { traceparent: `00-${TRACE}-${CALLER}-01` } });
  assert.equal(answer.body.msg, "SUCCESS");
  await phone.until(() => phone.ops("UCHAT").length === 1);
  phone.ack("UCHAT", phone.ops("UCHAT")[0]!.id);

  const ours = () => receiver.spans.filter(({ traceId }) => traceId === TRACE);
  const names = ["POST", "append", "commit", "deliver", "delivery"];
  await receiver.until(() => names.every((name) => ours().some((span) => span.name === name)));
  const [request, append, commit, deliver, delivery] = names.map((name) => ours().find((span) => span.name === name)!);
  assert.equal(request!.parentSpanId, CALLER);
  assert.deepEqual([append!.parentSpanId, deliver!.parentSpanId], [request!.spanId, request!.spanId]);
  assert.deepEqual([commit!.parentSpanId, commit!.links], [append!.spanId, [append!.spanId]]);
  assert.equal(delivery!.parentSpanId, deliver!.spanId);
  assert.equal(request!.attributes["http.response.status_code"], "200");
  assert.deepEqual(append!.attributes, { "syncline.outcome": "stored" });
  assert.deepEqual(commit!.attributes, { "db.system.name": "postgresql", "syncline.ops": "1" });
  assert.deepEqual(deliver!.attributes, { "syncline.biz_type": "UCHAT", "syncline.handed_on": "true" });
  // one after the other, and the acknowledgement last
  assert.ok(append!.start <= commit!.start && commit!.end <= append!.end, "the commit lies in the append");
  assert.ok(append!.end <= deliver!.start && deliver!.end <= delivery!.end);
  assert.ok(ours().every(({ service }) => service === "syncline-test"));
  for (const secret of ["user-of-mine", "phone-of-mine", "order-4711", "nobody's business"]) {
    assert.equal(receiver.raw.includes(secret), false, `${secret} is in a span`);
  }
});
