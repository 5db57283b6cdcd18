import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createConfigLoader } from "../../../src/config/config.ts";

const loadConfig = await createConfigLoader();

/** A receiver with these keys, and what it needs besides: an address, and a signature so that this may be public. */
function textOf(keys: string): string {
  const url = /\burl(?:File)?:/.test(keys) ? "" : "url: http://127.0.0.1/x, ";
  const hmac = keys.includes("hmac:") ? "" : "hmac: {secretFile: /s}, ";
  return `receivers: [{name: w, webhook: {${url}${hmac}${keys}}}]`;
}

/** `code message`, then how to mend it; of warnings too. */
function report(keys: string, env: Record<string, string> = {}): string[] {
  return loadConfig("config.yaml", textOf(keys), env).diagnostics.map(
    ({ code, message, help }) => `${code} ${message}${help === undefined ? "" : ` (${help})`}`,
  );
}

function settingsOf(text: string, env: Record<string, string> = {}): unknown {
  const { config, diagnostics } = loadConfig("config.yaml", text, env);
  expect(diagnostics).toEqual([]);
  return config?.receivers[0]?.settings;
}

test("the shortest one is an address", () => {
  expect(settingsOf("receivers: [{name: w, webhook: {urlFile: /u}}]")).toEqual({
    url: { kind: "file", path: "/u" },
    headers: {},
    authorization: null,
    tls: { ca: null, cert: null, key: null },
    hmac: null,
    cloudEvents: null,
  });
});

test("all that can be said", () => {
  const text = `
receivers:
  - name: w
    webhook:
      url: https://alerts.example.com/hook
      headers: {X-Team: ops, X-Api-Key: "\${KEY}"}
      bearerFile: /b
      hmac: {secret: "\${KEY}", header: X-Hub, algorithm: sha256}
      caFile: /ca
      certFile: /cert
      keyFile: /key
      cloudEvents: binary
`;
  expect(settingsOf(text, { KEY: "k3y" })).toEqual({
    url: { kind: "value", value: "https://alerts.example.com/hook" },
    headers: { "x-team": "ops", "x-api-key": "k3y" },
    authorization: { kind: "bearer", token: { kind: "file", path: "/b" } },
    tls: { ca: "/ca", cert: "/cert", key: "/key" },
    hmac: { header: "x-hub", secret: { kind: "value", value: "k3y" } },
    cloudEvents: "binary",
  });
});

test("user and password, and the signature's own header", () => {
  const text =
    "receivers: [{name: w, webhook: {url: 'https://a.test/', basic: {user: u, passwordFile: /p}, hmac: {secretFile: /s}}}]";
  expect(settingsOf(text)).toMatchObject({
    authorization: { kind: "basic", user: "u", password: { kind: "file", path: "/p" } },
    hmac: { header: "x-signature", secret: { kind: "file", path: "/s" } },
  });
});

describe("a mistake is told with what to write instead", () => {
  test.each<[string, readonly string[]]>([
    ["urlFile: /u, url: 'https://a.test/${N}'", ["E512 `url` and `urlFile` exclude each other (keep one of them)"]],
    ["url: 'http://a.test/'", [expect.stringMatching(/^E512 webhook URL must be https, or http to this machine \(/)]],
    [
      "url: 'https://u:p@a.test/'",
      ["E512 webhook URL must hold no user or password (use `basic: {user: …, passwordFile: …}`)"],
    ],
    ["url: nonsense", [expect.stringMatching(/^E512 webhook URL is not a URL \(/)]],
    ["url: ' '", [expect.stringMatching(/^E512 webhook URL is empty \(/)]],
    [
      "bearerFile: /b, basic: {user: u, passwordFile: /p}",
      ["E512 `basic` and `bearerFile` exclude each other (keep one of them)"],
    ],
    ["bearerFile: /b, bearer: '${N}'", ["E512 `bearer` and `bearerFile` exclude each other (keep one of them)"]],
    [
      "bearer: abc",
      ["W514 `bearer` is a secret and stands in the file (use `bearerFile`, or `${NAME}` from the environment)"],
    ],
    ["bearer: '${BAD}'", ["E512 `bearer` must be printable ASCII on one line"]],
    ["basic: {user: u}", ["E512 `basic` has no password"]],
    ["basic: {user: u, pasword: x}", ["E511 unknown key `pasword`"]],
    ["basic: {passwordFile: /p}", ["E512 `user` is missing"]],
    ["basic: {user: 'a:b', passwordFile: /p}", ["E512 `user` must be a name without colons and control characters"]],
    [
      "basic: {user: u, passwordFile: /p, password: '${N}'}",
      ["E512 `password` and `passwordFile` exclude each other (keep one of them)"],
    ],
    [
      "basic: {user: u, password: x}",
      ["W514 `password` is a secret and stands in the file (use `passwordFile`, or `${NAME}` from the environment)"],
    ],
    ["hmac: {header: X-A}", ["E512 `hmac` has no secret"]],
    [
      "hmac: {secretFile: /s, secret: '${N}'}",
      ["E512 `secret` and `secretFile` exclude each other (keep one of them)"],
    ],
    ["hmac: {secretFile: /s, algorithm: md5}", [expect.stringContaining("must be `sha256`")]],
    ["hmac: {secretFile: /s, header: 'X A'}", ["E512 `header` is not the name of a header"]],
    [
      "hmac: {secretFile: /s, header: Content-Length}",
      ["E512 the signature cannot stand in a header of this name (use `X-Signature`)"],
    ],
    [
      "hmac: {secretFile: /s, header: Authorization}",
      ["E512 the signature cannot stand in a header of this name (use `X-Signature`)"],
    ],
    ["headers: {X-Signature: a}", ["E512 this header is the signature's, and `hmac` sets it (leave it out)"]],
    ["headers: {x-signature-TIMESTAMP: a}", ["E512 this header is the signature's, and `hmac` sets it (leave it out)"]],
    ["headers: {Content-Type: a}", ["E512 the header `content-type` is not yours to set (leave it out)"]],
    ["headers: {Transfer-Encoding: a}", ["E512 the header `transfer-encoding` is not yours to set (leave it out)"]],
    ["headers: {Idempotency-Key: a}", ["E512 the header `idempotency-key` is not yours to set (leave it out)"]],
    [
      "cloudEvents: binary, headers: {CE-Id: a}",
      ["E512 headers with `ce-` in front are the CloudEvent's attributes (leave it out)"],
    ],
    ["headers: {X-A: a, x-a: b}", ["E512 this header is there twice, for case does not count (keep one of them)"]],
    ["headers: {'X A': a}", ["E512 this key is not the name of a header"]],
    ['headers: {"X-A: b\\r\\nX-B": a}', ["E512 this key is not the name of a header"]],
    [
      'headers: {X-A: "b\\r\\nX-Evil: 1"}',
      ["E512 this value must be printable ASCII on one line, without spaces around it"],
    ],
    ["headers: {X-A: '${BAD}'}", ["E512 this value must be printable ASCII on one line, without spaces around it"]],
    ["headers: {X-A: 好}", ["E512 this value must be printable ASCII on one line, without spaces around it"]],
    ["headers: {X-A: 1}", ["E512 this value must be text"]],
    [
      "headers: {Authorization: 'Bearer ${N}', X-B: c}, bearerFile: /b",
      ["E512 the header `authorization` and `bearerFile` exclude each other (keep one of them)"],
    ],
    [
      "headers: {authorization: 'Bearer ${N}'}, basic: {user: u, passwordFile: /p}",
      ["E512 the header `authorization` and `basic` exclude each other (keep one of them)"],
    ],
    [
      "headers: {X-Api-Key: abc}",
      ["W514 a header of this name holds a secret, and it stands in the file (use `${NAME}` from the environment)"],
    ],
    [
      `headers: {${Array.from({ length: 33 }, (_, at) => `X-${at}: a`).join(", ")}}`,
      ["E512 more than 32 headers (leave out some)"],
    ],
    ["certFile: /c", ["E512 `certFile` needs `keyFile` (add `keyFile:` with the path of a file)"]],
    ["keyFile: /k", ["E512 `keyFile` needs `certFile` (add `certFile:` with the path of a file)"]],
    ["certFile: /c, keyfile: /k", ["E511 unknown key `keyfile`"]],
    ["caFile: ''", [expect.stringContaining("must not be empty")]],
    ["cloudEvents: batched", [expect.stringContaining("must be `structured` or `binary`")]],
  ])("%s", (keys, expected) => {
    expect(report(keys, { N: "n", BAD: "a\r\nX-Evil: 1" })).toEqual(expected);
  });

  test("no address at all", () => {
    const { diagnostics } = loadConfig("config.yaml", "receivers: [{name: w, webhook: {caFile: /c}}]", {});
    expect(diagnostics.map(({ message }) => message)).toEqual(["webhook receiver has no webhook URL"]);
  });
});

function codesOf(more: string): string[] {
  const text = `receivers: [{name: w, webhook: {url: 'https://a.test/hook'${more}}}]`;
  return loadConfig("config.yaml", text, {}).diagnostics.map(({ code }) => code);
}

test("an address stands in the file where something else keeps strangers out, and is a secret where nothing does", () => {
  expect(codesOf("")).toEqual(["W514"]);
  for (const more of [
    "hmac: {secretFile: /s}",
    "bearerFile: /b",
    "basic: {user: u, passwordFile: /p}",
    "certFile: /c, keyFile: /k",
  ]) {
    expect(codesOf(`, ${more}`)).toEqual([]);
  }
});

/** In capitals, which no sentence of ours has six of in a row. */
const aToken = fc.stringMatching(/^[A-Z][A-Z0-9_\-+/=.]{10,40}[A-Z]$/);

test("no piece of a secret is quoted, wherever in the section it stands", () => {
  const places: readonly ((secret: string) => string)[] = [
    (secret) => `url: ${secret}`,
    (secret) => `headers: ${secret}`,
    (secret) => `headers: {X-A: ${secret}}`,
    (secret) => `headers: {${secret}: a}`,
    (secret) => `headers: {X-A: {${secret}: ${secret}}}`,
    (secret) => `bearer: ${secret}, bearerFile: /b`,
    (secret) => `basic: ${secret}`,
    (secret) => `basic: {user: ${secret}}`,
    (secret) => `basic: {user: [${secret}], password: ${secret}, passwordFile: /p}`,
    (secret) => `hmac: ${secret}`,
    (secret) => `hmac: {header: ${secret}, secret: ${secret}, secretFile: /s}`,
    (secret) => `hmac: {algorithm: ${secret}, secretFile: /s}, headers: {${secret}: a, x-${secret}: "a\\nb"}`,
    (secret) => `cloudEvents: ${secret}`,
  ];
  fc.assert(
    fc.property(aToken, fc.constantFrom(...places), (secret, place) => {
      const { diagnostics, shown } = loadConfig("config.yaml", textOf(place(secret)), {});
      const text = textOf(place(secret));
      const printed = [
        ...diagnostics.map(({ message, help = "", suggestion = "" }) => `${message} ${help} ${suggestion}`),
        ...shown.map(({ column, endColumn }) => text.slice(column - 1, endColumn - 1)),
      ].join("\n");
      const pieces = Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6));
      expect(pieces.filter((piece) => printed.includes(piece))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
