import { expect, test } from "vitest";
import { signatureHeaders, timestampHeader } from "../../../src/deliver/webhook/signature.ts";

test("signs second and body as the description says", () => {
  // printf '1795348800.{"a":"好"}' | openssl dgst -sha256 -hmac secret
  expect(signatureHeaders("x-signature", 1_795_348_800_999, '{"a":"好"}', "secret")).toEqual({
    "x-signature": "sha256=77d640d8bfae045230b4caffea9e738f585f9cc202d9d7d17597f6807bd467d5",
    "x-signature-timestamp": "1795348800",
  });
  expect(timestampHeader("x-hub")).toBe("x-hub-timestamp");
});
