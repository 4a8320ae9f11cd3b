import assert from "node:assert/strict";
import { classOf } from "../../src/address_class.ts";
import { createAddressGuard, type Networks } from "../../src/address_guard.ts";
import { consistency, instanceAt, LOGIN, serveTenant } from "../support/validation_url.ts";

const VALID = `{"success":true,"result":{"valid":true}}`;

Deno.test("[SES-2] addresses are told apart in every form, those inside which others are hidden included", () => {
  const forbidden = [
    ...["169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "100.100.100.200", "192.0.0.192", "168.63.129.16"],
    ...["224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1"],
    ...["::", "fe80::1", "fe80::1%eth0", "febf::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254"],
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:5601:5601", // Teredo: 169.254.169.254, inverted
    "2001:db8::5efe:169.254.169.254",
    "::ffff:0.0.0.0",
    ...["", "tenant.example", "1.2.3", "300.1.1.1"],
  ];
  const own = [
    ...[
      "127.0.0.1",
      "127.9.9.9",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "100.64.0.1",
      "198.18.0.1",
    ],
    ...["::1", "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"],
    ...["64:ff9b::10.0.0.1", "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe", "fd00::5efe:8.8.8.8"],
  ];
  const internet = [
    ...["8.8.8.8", "172.32.0.1", "100.63.255.255", "169.253.1.1", "192.0.1.1", "223.255.255.255"],
    ...["2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
  ];
  for (const address of forbidden) assert.equal(classOf(address), "forbidden", address);
  for (const address of own) assert.equal(classOf(address), "private", address);
  for (const address of internet) assert.equal(classOf(address), "public", address);
});

Deno.test("[SES-2] which networks may be asked is the operator's choice; a host's spelling makes no difference", () => {
  const metadata = [
    ...["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "169.254.169.254."],
    ...["[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]", "[fd00:ec2::254]"],
    ...["0.0.0.0", "0", "[::]", "1\u{FF16}9.254.169.254", "169\u30022\u{FF15}4.169.254"],
    ...["metadata.google.internal", "METADATA.google.internal.", "metadata"],
  ];
  const own = [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "[::1]",
    "10.0.0.1",
    "[fd12::1]",
    "[::ffff:7f00:1]",
  ];
  const allowed = (networks: Networks, host: string) =>
    createAddressGuard({ networks }).refusal(new URL(`http://${host}:8080/x`)) === undefined;
  for (const host of metadata) {
    const found = (["public", "private", "any"] as const).map((networks) => allowed(networks, host));
    assert.deepEqual(found, [false, false, true], host);
  }
  for (const host of own) {
    const found = (["public", "private", "any"] as const).map((networks) => allowed(networks, host));
    assert.deepEqual(found, [false, true, true], host);
  }
  assert(allowed("public", "8.8.8.8") && allowed("public", "[2606:4700::1111]") && allowed("public", "tenant.example"));
  const { refusal } = createAddressGuard({ networks: "any" });
  for (const url of ["http://me@tenant.example", "http://:pw@tenant.example", "ftp://tenant.example", "file:///etc"]) {
    assert.match(refusal(new URL(url)) ?? "", /not asked|not sent/, url);
  }
});

Deno.test("[SES-2] a name is looked up once, and asked where it was seen to be: it cannot change in between", async () => {
  await using tenant = serveTenant((request) => new Response(request.headers.get("Host") === host ? VALID : ""));
  const host = `tenant.example:${new URL(tenant.url).port}`;
  let asked = 0;
  const resolve = () => Promise.resolve(++asked === 1 ? ["127.0.0.1"] : ["169.254.169.254"]);
  const asker = consistency({ guard: createAddressGuard({ resolve }) });
  const trial = () => asker.explain(instanceAt(`http://${host}/check`), LOGIN, false);
  assert.equal((await trial()).verdict, "valid");
  assert.equal(asked, 1);
  const second = await trial();
  assert.match(second.detail, /metadata service/);
  assert.deepEqual([asked, tenant.count()], [2, 1], "the next question looks anew");
});

Deno.test("[SES-2] a name with one address that is not allowed is not asked at all, nor is one without any", async () => {
  await using tenant = serveTenant(() => new Response(VALID));
  const { port } = new URL(tenant.url);
  const ask = async (addresses: string[], networks: Networks) => {
    const guard = createAddressGuard({ networks, resolve: () => Promise.resolve(addresses) });
    return (await consistency({ guard }).explain(instanceAt(`http://sneaky.example:${port}/`), LOGIN, false)).detail;
  };
  assert.match(await ask(["127.0.0.1", "169.254.169.254"], "private"), /metadata service/);
  assert.match(await ask(["127.0.0.1", "::ffff:169.254.169.254"], "private"), /metadata service/);
  assert.match(await ask(["127.0.0.1"], "public"), /private network/);
  assert.match(await ask([], "any"), /no address/);
  assert.equal(tenant.count(), 0);
  assert.match(await ask(["::1", "127.0.0.1"], "private"), /are true/, "the address that answers is taken");
});

Deno.test("[SES-2] by itself the guard asks the system: localhost is known, and is one's own network", async () => {
  await using tenant = serveTenant(() => new Response(VALID));
  const instance = instanceAt(tenant.url.replace("127.0.0.1", "localhost"));
  const ask = async (networks: Networks) =>
    (await consistency({ guard: createAddressGuard({ networks }) }).explain(instance, LOGIN, false)).verdict;
  assert.deepEqual([await ask("private"), await ask("public"), tenant.count()], ["valid", "unknown", 1]);
});

Deno.test("[SES-2] TLS is checked against the name, not the address that it was looked up as", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(`../fixtures/${name}`, import.meta.url));
  const [cert, key] = await Promise.all([read("localhost.crt"), read("localhost.key")]);
  let asked = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", cert, key, onListen: () => {} }, () => {
    asked++;
    return new Response(VALID);
  });
  const guard = createAddressGuard({ resolve: () => Promise.resolve(["127.0.0.1"]) });
  const ask = (host: string, options = {}) =>
    consistency({ guard, ...options }).explain(instanceAt(`https://${host}:${server.addr.port}/`), LOGIN, false);
  assert.match((await ask("localhost", { ca: cert })).detail, /are true/);
  assert.match((await ask("tenant.example", { ca: cert })).detail, /^No connection: .*altnames/);
  assert.match((await ask("localhost")).detail, /^No connection: .*self-signed/);
  assert.equal(asked, 1);
  await server.shutdown();
});
