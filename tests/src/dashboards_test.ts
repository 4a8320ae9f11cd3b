import assert from "node:assert/strict";
import { z } from "zod";
import { RawClient, user } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

const Rules = z.object({
  groups: z.array(z.object({
    name: z.string(),
    rules: z.array(z.strictObject({
      alert: z.string().regex(/^Syncline[A-Z]\w+$/),
      expr: z.string(),
      for: z.string().regex(/^\d+[mh]$/).optional(),
      labels: z.object({ severity: z.enum(["page", "warn"]) }),
      annotations: z.object({ summary: z.string().min(10) }),
    })).min(1),
  })).min(1),
});

const Dashboard = z.object({
  title: z.literal("Syncline"),
  panels: z.array(z.object({
    id: z.number(),
    type: z.enum(["row", "timeseries"]),
    gridPos: z.object({ x: z.number(), y: z.number(), w: z.number().max(24), h: z.number() }),
    targets: z.array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() })).optional(),
  })),
});

async function alerts() {
  return Rules.parse(parseRules(await read("ops/prometheus/alerts.yml"))).groups.flatMap(({ rules }) => rules);
}

/** The little of YAML that the rules are written in, line by line. @throws at a line of any other form */
function parseRules(text: string): unknown {
  const groups: { name: string; rules: Record<string, unknown>[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^(#.*|groups:| {4}rules:|)$/.test(line)) continue;
    const group = /^ {2}- name: (\w+)$/.exec(line);
    const alert = /^ {6}- alert: (\w+)$/.exec(line);
    const plain = /^ {8}(expr|for): (\S.*)$/.exec(line);
    const severity = /^ {8}labels: \{ severity: (\w+) \}$/.exec(line);
    const summary = /^ {10}summary: (".*")$/.exec(line);
    const rule = groups.at(-1)?.rules.at(-1);
    if (group) groups.push({ name: group[1]!, rules: [] });
    else if (alert && groups.length > 0) groups.at(-1)!.rules.push({ alert: alert[1] });
    else if (plain && rule && !/: | #/.test(plain[2]!)) rule[plain[1]!] = plain[2];
    else if (severity && rule) rule["labels"] = { severity: severity[1] };
    else if (summary && rule) rule["annotations"] = { summary: JSON.parse(summary[1]!) };
    else if (line !== "        annotations:") throw new Error(`Cannot read line ${index + 1} of the rules: ${line}`);
  }
  return { groups };
}

async function panels() {
  return Dashboard.parse(JSON.parse(await read("ops/grafana/syncline.json"))).panels;
}

/** What a running server exposes: each series' name with its labels. */
async function exposed(): Promise<Map<string, Set<string>>> {
  await using server = await startServer();
  const client = await RawClient.connect(server, { user: user("u-1") });
  await server.push();
  await server.push({ bizType: "NO-SUCH" });
  await client[Symbol.asyncDispose]();
  const series = new Map<string, Set<string>>();
  const text = await (await fetch(`${server.url}/metrics`)).text();
  for (const [, name = "", labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? [\d.e+-]+$/gm)) {
    series.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label)));
  }
  // a counter that nothing has raised yet shows by its type only
  for (const [, name = ""] of text.matchAll(/^# TYPE (\w+)/gm)) if (!series.has(name)) series.set(name, new Set());
  return series;
}

/** Labels that Prometheus adds to every series. */
const TARGET = new Set(["job", "instance"]);

/** Names that a query asks for, each with the labels that it selects by. */
function asked(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:syncline|process|up)\w*)(?:\{([^}]*)\})?/g)].map(([, name = "", selector = ""]) => ({
    name,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
  }));
}

Deno.test("[OPS-2] the alert rules and the dashboard ask for nothing that a running server does not expose", async () => {
  const series = await exposed();
  const expressions = [
    ...(await alerts()).map(({ expr }) => expr),
    ...(await panels()).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];
  assert.ok(expressions.length > 30);
  for (const expr of expressions) {
    const names = asked(expr).filter(({ name }) => name !== "up");
    assert.ok(names.length > 0 || expr.startsWith("up{"), expr);
    for (const { name, labels } of names) {
      assert.ok(series.has(name), `${name} is not exposed: ${expr}`);
      assert.deepEqual(labels.filter((label) => !TARGET.has(label) && !series.get(name)!.has(label)), [], expr);
    }
    for (const [open, close] of ["()", "{}", "[]"]) {
      assert.equal(expr.split(open!).length, expr.split(close!).length, `${open} and ${close}: ${expr}`);
    }
  }
});

Deno.test("[OPS-2] the dashboard shows every metric of the server, each panel in a place of its own", async () => {
  const all = await panels();
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.equal(new Set(all.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size, all.length);
  const shown = all.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => asked(expr).map(({ name }) => name)));
  const families = new Set(shown.map((name) => name.replace(/_(bucket|sum|count)$/, "")));
  const names = [...(await exposed()).keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  assert.deepEqual([...new Set(names)].filter((name) => !families.has(name)), []);
});

Deno.test("[OPS-2] docs/operations.md says of every alert what to do, and nothing of alerts that are not there", async () => {
  const operations = await read("docs/operations.md");
  const documented = [...operations.matchAll(/^\| `(Syncline\w+)` +\|/gm)].map(([, name = ""]) => name);
  assert.deepEqual(documented.sort(), (await alerts()).map(({ alert }) => alert).sort());
});
