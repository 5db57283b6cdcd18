import { describe, expect, test } from "vitest";
import { signFeishu } from "../../../src/deliver/feishu/signature.ts";

/** The first is the sample of Feishu's guide; the others were made with two independent implementations. */
const VECTORS: readonly (readonly [number, string, string])[] = [
  [1599360473, "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="],
  [1700000000, "mysecret", "Jp33/xXhCipDEpjyHvEyc7mRSyXWHbNz6J8+C3qQKNo="],
  [1700000000, "test-secret", "mbm4Y4oluIPQ00qlBIhX8vAZ0EKv3nw0LuTb91jPL84="],
  [1760000000, "xQ7pZ0mRk3LwN8vT2yB5cD", "j6dklu8OJjXXc1ipE267ysYKdVXFAAd3Zcv3W2eyvgI="],
  [1760000000, "密钥-ключ-✓", "Z6Kg/T+pJyO6kV0QRXl8pvEh2Fk140kuMVYX+lGKjgU="],
  [1760000000, "", "rkW2i65/z4V/gVl2FvmU0y+g79MKYFhwbdf2m8jTkpA="],
  [1759996400, "demo", "DaHbttqsl7C8NeCmSeBUdqENh1bGoqbAHNoKakfH3BM="],
  [1760003601, "demo", "NQy+cTIY3vjVEQfrcJk7POF6kDKd5/ve6bqLwYdZTiQ="],
];

describe("signFeishu", () => {
  test.each(VECTORS)("signs %i with %j", (seconds, secret, sign) => {
    expect(signFeishu(seconds * 1000, secret)).toEqual({ timestamp: String(seconds), sign });
  });

  test("counts whole seconds and not milliseconds", () => {
    expect(signFeishu(1599360473999, "demo")).toEqual(signFeishu(1599360473000, "demo"));
  });

  test("does not sign the other way round, as DingTalk does", () => {
    expect(signFeishu(1599360473000, "demo").sign).not.toBe("DkEDUyVoOOJ539qBvUgMyzkzIdRWlf4e/V3Rq+ONJnQ=");
  });
});
