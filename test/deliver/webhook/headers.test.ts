import { expect, test } from "vitest";
import { HEADER_NAME, HEADER_VALUE, isOwnHeader } from "../../../src/deliver/webhook/headers.ts";

test.each(
  "connection content-encoding content-length content-type expect host http2-settings idempotency-key keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split(
    " ",
  ),
)("%s is not the configuration's to set", (name) => {
  expect(isOwnHeader(name)).toBe(true);
});

test.each(["x-team", "authorization", "user-agent", "cookie"])("%s may be set", (name) => {
  expect(isOwnHeader(name)).toBe(false);
});

test.each(["", "a b", "a:", ":path", "a\n", "好", "a".repeat(65)])("%j is no name of a header", (name) => {
  expect(HEADER_NAME.test(name)).toBe(false);
});

test.each(["", " a", "a ", "a\n", "a\rb", "a\tb", "\u{7F}", "é", "a\u{0}b"])("%j is no value of a header", (value) => {
  expect(HEADER_VALUE.test(value)).toBe(false);
});

test.each(["a", "Bearer abc=", "!~ ~!"])("%j is a value of a header", (value) => {
  expect(HEADER_VALUE.test(value)).toBe(true);
});
