import { describe, expect, it } from "vitest";
import { refusalOfTarget } from "../../../src/domain/webhook-target.ts";
import { fetchHookSender } from "../../../src/platform/hook-sender.ts";
import { Receiver } from "../../support/receiver.ts";

const PRIVATE = [
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://0.0.0.0/",
  "http://10.1.2.3/",
  "http://100.64.0.1/",
  "http://100.127.255.255/",
  "http://169.254.169.254/latest/meta-data/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.0.0.8/",
  "http://192.168.1.1/",
  "http://198.18.0.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://[::]/",
  "http://[::1]/",
  "http://[::ffff:10.0.0.1]/",
  "http://[::ffff:8.8.8.8]/",
  "http://[64:ff9b::a00:1]/",
  "http://[fc00::1]/",
  "http://[fd12:3456::1]/",
  "http://[fe80::1]/",
  "http://[ff02::1]/",
  "http://[2001:db8::1]/",
  "http://[2002:a00:1::]/",
  "http://[2001::1]/",
  "http://localhost:8787/",
  "http://LOCALHOST./",
  "http://app.localhost/",
  "http://printer.local/",
  "http://metadata.google.internal/",
  "http://intranet/",
  "http://router.lan/",
  "http://nas.home.arpa/",
];
const PUBLIC = [
  "https://example.com/hooks?x=1",
  "http://8.8.8.8:8080/",
  "https://172.32.0.1/",
  "https://100.128.0.1/",
  "https://[2606:4700::6810:85e5]/",
  "https://xn--bcher-kva.example/",
  "https://local.example.com/",
];

describe("where requests may go", () => {
  it("[HOOK-29] refuses private, loopback, link-local and other inner addresses in every spelling", () => {
    for (const url of PRIVATE)
      expect([url, refusalOfTarget(url, false)]).toEqual([url, expect.stringContaining("private")]);
    for (const url of PUBLIC) expect([url, refusalOfTarget(url, false)]).toEqual([url, undefined]);
    for (const url of PRIVATE) expect(refusalOfTarget(url, true)).toBeUndefined();
  });

  it("[HOOK-30] refuses other schemes and credentials, also where private addresses are allowed", () => {
    for (const url of ["ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "no url", "http://"]) {
      expect([url, refusalOfTarget(url, true)]).toEqual([url, expect.any(String)]);
    }
    expect(refusalOfTarget("https://ana:secret@example.com/", true)).toContain("credentials");
  });

  it("[HOOK-31] judges the address again when it sends, and then connects to nothing", async () => {
    const receiver = await new Receiver().start();
    const request = {
      url: receiver.url,
      secret: undefined,
      eventId: "evt_1",
      event: "x",
      body: "{}",
      at: 0,
      timeoutMs: 1_000,
    };
    const closed = await fetchHookSender({ allowPrivateTargets: false }).send(request);
    expect(closed).toMatchObject({ final: true, error: expect.stringContaining("private") });
    expect(receiver.received).toEqual([]);
    expect(await fetchHookSender({ allowPrivateTargets: true }).send(request)).toMatchObject({ status: 200 });
    await receiver.stop();
  });
});
