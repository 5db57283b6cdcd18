import { expect, test } from "vitest";
import { ENVELOPE_BYTES, binaryEventHeaders, structuredEvent } from "../../../src/deliver/webhook/cloud-event.ts";
import { aDelivery, aDigestAlert, anEventAlert } from "../../support/alerts.ts";
import { anEvent } from "../../support/events.ts";

const delivery = aDelivery(anEventAlert({ cluster: "家 1" }));

test("a structured event holds the body as data, and its attributes beside it", () => {
  expect(structuredEvent('{"a":[1]}', delivery)).toBe(
    `{"specversion":"1.0","id":"${delivery.key}","source":"/kubewhen/%E5%AE%B6%201","type":"dev.kubewhen.alert.event","time":"2026-11-22T12:00:00.000Z","subject":"shop/web-7d9c5b7f6-x2x2x","datacontenttype":"application/json","data":{"a":[1]}}`,
  );
});

test("a binary event has the same attributes in headers", () => {
  expect(binaryEventHeaders(delivery)).toEqual({
    "ce-specversion": "1.0",
    "ce-id": delivery.key,
    // The percent signs of the URI are encoded once more.
    "ce-source": "/kubewhen/%25E5%25AE%25B6%25201",
    "ce-type": "dev.kubewhen.alert.event",
    "ce-time": "2026-11-22T12:00:00.000Z",
    "ce-subject": "shop/web-7d9c5b7f6-x2x2x",
  });
});

test("values of headers are encoded as the HTTP binding says", () => {
  const event = anEvent({ namespace: "", involvedObject: { name: 'Euro € \u{1F600}"%\r\nx: ~!\u{FFFF}\u{D800}' } });
  expect(binaryEventHeaders(aDelivery(anEventAlert({ event })))["ce-subject"]).toBe(
    "Euro%20%E2%82%AC%20%F0%9F%98%80%22%25%20x:%20~!%EF%BF%BD",
  );
});

test("an alert about no one object has no subject", () => {
  expect(binaryEventHeaders(aDelivery(aDigestAlert()))).not.toHaveProperty("ce-subject");
  expect(structuredEvent("1", aDelivery(aDigestAlert()))).not.toContain("subject");
});

test.each(["\u{1F600}", "好", '"', "\\"])("neither envelope nor headers grow beyond their bounds: %s", (character) => {
  const name = character.repeat(2000);
  const event = anEvent({ namespace: name, involvedObject: { name } });
  const hostile = aDelivery(anEventAlert({ event, cluster: name }));
  expect(Buffer.byteLength(structuredEvent("", hostile))).toBeLessThan(ENVELOPE_BYTES);
  expect(JSON.stringify(binaryEventHeaders(hostile)).length).toBeLessThan(8192);
});
