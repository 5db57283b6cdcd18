import { expect, test } from "vitest";
import { parseAddress } from "../../../src/deliver/webhook/address.ts";

test.each([
  [" https://a.test/hook?x=1#y\n", "https://a.test", "/hook?x=1"],
  ["https://a.test:8443", "https://a.test:8443", "/"],
  ["http://127.1.2.3:9/x", "http://127.1.2.3:9", "/x"],
  ["http://localhost/", "http://localhost", "/"],
  ["http://[::1]/", "http://[::1]", "/"],
])("%j is an address", (text, origin, path) => {
  expect(parseAddress(text)).toEqual({ kind: "valid", origin, path });
});

test.each([
  ["", "webhook URL is empty"],
  ["/hook", "webhook URL is not a URL"],
  ["http://a.test/", "webhook URL must be https, or http to this machine"],
  ["http://127.0.0.1.a.test/", "webhook URL must be https, or http to this machine"],
  ["ws://localhost/", "webhook URL must be https, or http to this machine"],
  ["https://user@a.test/", "webhook URL must hold no user or password"],
  ["https://:pass@a.test/", "webhook URL must hold no user or password"],
])("%j is none", (text, message) => {
  expect(parseAddress(text)).toMatchObject({ kind: "invalid", message });
});
