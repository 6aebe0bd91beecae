import { describe, expect, it } from "vitest";
import { type Audience, DeliveryLedger } from "../../../loadtest/measure/ledger.ts";

const group = (...online: boolean[]): Audience => ({ channelId: "c", online });

/** Sends message `seq` of member 0 and acknowledges it. */
function send(ledger: DeliveryLedger, audience: Audience, seq: number, sender = 0) {
  const message = ledger.begin(audience, sender, 0, 0);
  ledger.acknowledged(message, seq);
  return message;
}

describe("DeliveryLedger", () => {
  it("expects a message at every other member who is connected", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true, false, true);
    const message = send(ledger, audience, 1);
    expect(ledger.outstanding()).toBe(true);
    expect(ledger.received(message, audience, 1, 1)).toBe(true);
    expect(ledger.summary()).toMatchObject({ expected: 2, seen: 1, dropped: 1 });
    expect(ledger.received(message, audience, 3, 1)).toBe(true);
    expect(ledger.outstanding()).toBe(false);
    expect(ledger.summary()).toMatchObject({ expected: 2, seen: 2, dropped: 0, duplicates: 0, seq_holes: 0 });
  });

  it("still expects it at a member whose socket closed afterwards", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    send(ledger, audience, 1);
    audience.online[1] = false;
    expect(ledger.summary().dropped).toBe(1);
  });

  it("counts the second of two as a duplicate, not as a delivery", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    const message = send(ledger, audience, 1);
    ledger.received(message, audience, 1, 1);
    expect(ledger.received(message, audience, 1, 1)).toBe(false);
    expect(ledger.summary()).toMatchObject({ seen: 1, duplicates: 1 });
  });

  it("allows the sender one echo, before or after the acknowledgement", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    const first = ledger.begin(audience, 0, 0, 0);
    expect(ledger.received(first, audience, 0, 1)).toBe(false);
    ledger.acknowledged(first, 1);
    const second = send(ledger, audience, 2);
    ledger.received(second, audience, 0, 2);
    expect(ledger.summary()).toMatchObject({ own_echoes: 2, duplicates: 0, seen: 0, seq_holes: 0 });
    ledger.received(second, audience, 0, 2);
    expect(ledger.summary().duplicates).toBe(1);
  });

  it("does not see a hole where the sender is told its own number by the acknowledgement alone", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    ledger.received(send(ledger, audience, 1, 1), audience, 0, 1);
    ledger.received(send(ledger, audience, 2, 0), audience, 1, 2);
    ledger.received(send(ledger, audience, 3, 1), audience, 0, 3);
    expect(ledger.summary().seq_holes).toBe(0);
  });

  it("sees a hole in the numbers of a channel", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    for (const seq of [5, 6, 9]) ledger.received(send(ledger, audience, seq), audience, 1, seq);
    expect(ledger.summary().dropped).toBe(0);
    // Both the sender and the receiver never saw 7 and 8.
    expect(ledger.summary().seq_holes).toBe(4);
  });

  it("takes a stranger's message as filling its number", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    ledger.received(send(ledger, audience, 1), audience, 1, 1);
    ledger.receivedForeign(audience, 1, 2);
    ledger.receivedForeign(audience, 0, 2);
    ledger.received(send(ledger, audience, 3), audience, 1, 3);
    expect(ledger.summary()).toMatchObject({ seq_holes: 0, expected: 2, seen: 2 });
  });

  it("sees messages out of order", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    const first = send(ledger, audience, 1);
    const second = send(ledger, audience, 2);
    ledger.received(second, audience, 1, 2);
    ledger.received(first, audience, 1, 1);
    expect(ledger.summary()).toMatchObject({ out_of_order: 1, seq_holes: 0, dropped: 0 });
  });

  it("sees one message with two numbers", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    ledger.received(send(ledger, audience, 1), audience, 1, 2);
    expect(ledger.summary().number_conflicts).toBe(1);
  });

  it("sees a message in the wrong group", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    const message = send(ledger, audience, 1);
    expect(ledger.received(message, group(true, true), 1, 1)).toBe(false);
    expect(ledger.summary()).toMatchObject({ misdelivered: 1, dropped: 1 });
  });

  it("expects nothing of a send that failed, and tells when it arrived nevertheless", () => {
    const ledger = new DeliveryLedger();
    const audience = group(true, true);
    const message = ledger.begin(audience, 0, 0, 0);
    ledger.received(message, audience, 1, 1);
    ledger.failed(message);
    expect(ledger.summary()).toMatchObject({ expected: 0, seen: 0, dropped: 0, delivered_unacknowledged: 1 });
  });
});
