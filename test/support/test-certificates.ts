import { readFileSync } from "node:fs";

/** A self-signed certificate for 127.0.0.1 and kube.test, which is its own authority. Its key is public. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export function testCertificate(name: "a" | "b"): TestCertificate {
  const read = (suffix: string): string =>
    readFileSync(new URL(`../fixtures/tls/${name}.${suffix}`, import.meta.url), "utf8");
  return { cert: read("crt"), key: read("key") };
}
