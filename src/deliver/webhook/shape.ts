import * as z from "zod";
import { type ReceiverShape, secretKeys, secretSource, someText } from "../shape.ts";
import { checkWebhook } from "./checks.ts";
import type { Authorization } from "./credentials.ts";
import { HEADER_NAME, HEADER_VALUE } from "./headers.ts";
import type { WebhookSettings } from "./kind.ts";
import { DEFAULT_HMAC_HEADER, type Section, headersOf, hmacHeader, sectionOf, textOf } from "./section.ts";

/** Never public: a secret that slipped into the place of a name would look like one. */
const headerName = z.string().regex(HEADER_NAME, "is not the name of a header");
const headerValue = z
  .string()
  .max(4096, "must be at most 4096 characters")
  .regex(HEADER_VALUE, "must be printable ASCII on one line, without spaces around it");

const file = (what: string): z.ZodOptional<z.ZodString> =>
  someText.meta({ public: true }).optional().describe(`${what}, PEM; read again when it changes.`);

/** A key that is not there may be a strange one misspelt, which is told already. */
const hasNoStrangeKey = ({ issues }: z.core.ParsePayload): boolean =>
  issues.every(({ code }) => code !== "unrecognized_keys");

export const shape: ReceiverShape = {
  description:
    "A server of one's own: each notification is posted as JSON, with an `Idempotency-Key` that a repeated attempt has too.",
  example: "`webhook: {urlFile: …}`",
  mayBeEmpty: false,
  keys: {
    ...secretKeys("url", "address to post to"),
    headers: z
      .record(headerName, headerValue)
      .optional()
      .describe("Further headers of each request; for a secret value give `${NAME}`."),
    basic: z
      .strictObject({
        user: z
          .string()
          .regex(/^[^:\p{Cc}]+$/u, "must be a name without colons and control characters")
          .describe("User name."),
        ...secretKeys("password", "password"),
      })
      .refine((basic) => basic.password !== undefined || basic.passwordFile !== undefined, {
        error: "has no password",
        when: hasNoStrangeKey,
      })
      .optional()
      .describe("Signs in with user and password."),
    ...secretKeys("bearer", "token of `Authorization: Bearer`"),
    hmac: z
      .strictObject({
        ...secretKeys("secret", "key that the receiver knows too"),
        header: headerName.optional().describe(`Header of the signature. Default ${DEFAULT_HMAC_HEADER}.`),
        algorithm: z.enum(["sha256"], "must be `sha256`").meta({ public: true }).optional().describe("Default sha256."),
      })
      .refine((hmac) => hmac.secret !== undefined || hmac.secretFile !== undefined, {
        error: "has no secret",
        when: hasNoStrangeKey,
      })
      .optional()
      .describe(
        "Signs each request: `X-Signature: sha256=<hex>` is HMAC-SHA256 over `<timestamp>.<body>`, the body byte for byte; `X-Signature-Timestamp` is that timestamp in Unix seconds, so that a receiver can refuse an old request.",
      ),
    caFile: file("Certificates of the authorities to trust in place of the system's"),
    certFile: file("Client certificate"),
    keyFile: file("Key of the client certificate"),
    cloudEvents: z
      .enum(["structured", "binary"], "must be `structured` or `binary`")
      .meta({ public: true })
      .optional()
      .describe("Sends CloudEvents 1.0: attributes in the body beside `data`, or in `ce-` headers."),
  },
  check: checkWebhook,
  complete(section) {
    const url = secretSource(section, "url");
    if (url === null) throw new Error("a webhook receiver without URL passed the checks");
    const { cloudEvents } = section;
    return {
      url,
      headers: Object.fromEntries(headersOf(section).map(([name, value]) => [name.toLowerCase(), String(value)])),
      authorization: authorizationOf(section),
      tls: { ca: textOf(section, "caFile"), cert: textOf(section, "certFile"), key: textOf(section, "keyFile") },
      hmac: hmacOf(section),
      cloudEvents: cloudEvents === "structured" || cloudEvents === "binary" ? cloudEvents : null,
    } satisfies WebhookSettings;
  },
};

function authorizationOf(section: Section): Authorization | null {
  const token = secretSource(section, "bearer");
  if (token !== null) return { kind: "bearer", token };
  const basic = sectionOf(section, "basic");
  const password = secretSource(basic, "password");
  return password === null ? null : { kind: "basic", user: textOf(basic, "user") ?? "", password };
}

function hmacOf(section: Section): WebhookSettings["hmac"] {
  const secret = secretSource(sectionOf(section, "hmac"), "secret");
  return secret === null ? null : { header: hmacHeader(section), secret };
}
