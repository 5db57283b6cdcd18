import * as z from "zod";
import {
  type ReceiverShape,
  type ShapeInput,
  type ShapeMistake,
  checkSecret,
  checkUrlGiven,
  secretKeys,
  secretSource,
  someText,
} from "../shape.ts";
import { parseAddress } from "./address.ts";
import type { Authorization } from "./credentials.ts";
import { HEADER_NAME, HEADER_VALUE, isOwnHeader } from "./headers.ts";
import type { WebhookSettings } from "./kind.ts";
import { timestampHeader } from "./signature.ts";

type Section = Readonly<Record<string, unknown>>;

const MAX_HEADERS = 32;
const DEFAULT_HMAC_HEADER = "X-Signature";
/** Names of headers whose value lets somebody in. */
const SECRET_NAME = /authorization|cookie|token|secret|password|api-?key/;

/** Never public: a secret that slipped into the place of a name would look like one. */
const headerName = z.string().regex(HEADER_NAME, "is not the name of a header");
const headerValue = z
  .string()
  .max(4096, "must be at most 4096 characters")
  .regex(HEADER_VALUE, "must be printable ASCII on one line, without spaces around it");

const file = (what: string): z.ZodOptional<z.ZodString> =>
  someText.meta({ public: true }).optional().describe(`${what}, PEM; read again when it changes.`);

export const shape: ReceiverShape = {
  description:
    "A server of one's own: each notification is posted as JSON, with an `Idempotency-Key` that a repeated attempt has too.",
  example: "`webhook:` with a URL",
  mayBeEmpty: false,
  keys: {
    ...secretKeys("url", "address to post to: https, or http to this machine"),
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
      .refine((basic) => basic.password !== undefined || basic.passwordFile !== undefined, "has no password")
      .optional()
      .describe("Signs in with user and password."),
    ...secretKeys("bearer", "token of `Authorization: Bearer`"),
    hmac: z
      .strictObject({
        ...secretKeys("secret", "key that the receiver knows too"),
        header: headerName.optional().describe(`Header of the signature. Default ${DEFAULT_HMAC_HEADER}.`),
        algorithm: z.enum(["sha256"], "must be `sha256`").meta({ public: true }).optional().describe("Default sha256."),
      })
      .refine((hmac) => hmac.secret !== undefined || hmac.secretFile !== undefined, "has no secret")
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
  check: (input) => [
    ...checkAddress(input),
    ...checkUrlGiven("webhook", input),
    ...checkHeaders(input),
    ...checkAuthorization(input),
    ...checkHmac(input),
    ...checkCertificate(input),
  ],
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

function hmacHeader(section: Section): string {
  return (textOf(sectionOf(section, "hmac"), "header") ?? DEFAULT_HMAC_HEADER).toLowerCase();
}

function sectionOf(section: Section, key: string): Section {
  const value = section[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function headersOf(section: Section): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(sectionOf(section, "headers"));
}

function textOf(section: Section, key: string): string | null {
  const value = section[key];
  return typeof value === "string" ? value : null;
}

function has(section: Section, ...keys: readonly string[]): boolean {
  return keys.some((key) => Object.hasOwn(section, key));
}

/** A secret of a section inside the receiver's. */
function checkSecretBelow(key: string, name: string, { section, rawOf }: ShapeInput): readonly ShapeMistake[] {
  const below = {
    section: sectionOf(section, key),
    rawOf: (path: readonly (string | number)[]) => rawOf([key, ...path]),
  };
  return checkSecret(name, below).map((mistake) => ({ ...mistake, path: [key, ...mistake.path] }));
}

function mistake(path: readonly string[], message: string, help: string): ShapeMistake {
  return { code: "E512", path, at: "key", message, help };
}

/** An address is a secret only where nothing else keeps strangers out. */
function checkAddress(input: ShapeInput): readonly ShapeMistake[] {
  const { section } = input;
  const { url } = section;
  const found = checkSecret("url", input);
  if (typeof url !== "string" || input.rawOf(["url"]) === null) return found;
  const address = parseAddress(url);
  const keptOut =
    has(section, "basic", "bearer", "bearerFile", "hmac", "certFile") ||
    headersOf(section).some(([name]) => SECRET_NAME.test(name.toLowerCase()));
  const mistakes = keptOut || address.kind === "invalid" ? found.filter(({ code }) => code !== "W514") : found;
  if (address.kind === "valid") return mistakes;
  return [...mistakes, { code: "E512", path: ["url"], at: "value", message: address.message, help: address.help }];
}

function checkHeaders(input: ShapeInput): readonly ShapeMistake[] {
  const { section, rawOf } = input;
  const mistakes: ShapeMistake[] = [];
  const taken = new Set<string>();
  const headers = headersOf(section);
  if (headers.length > MAX_HEADERS) {
    mistakes.push(mistake(["headers"], `more than ${MAX_HEADERS} headers`, "leave out some"));
  }
  for (const [written] of headers) {
    const path = ["headers", written];
    const name = written.toLowerCase();
    if (isOwnHeader(name)) {
      // The name is one of a list of ours, so it is no secret.
      mistakes.push(mistake(path, `the header \`${name}\` is not yours to set`, "leave it out"));
    } else if (name.startsWith("ce-") && has(section, "cloudEvents")) {
      mistakes.push(mistake(path, "headers with `ce-` in front are the CloudEvent's attributes", "leave it out"));
    } else if (taken.has(name)) {
      mistakes.push(mistake(path, "this header is there twice, for case does not count", "keep one of them"));
    }
    taken.add(name);
    const raw = rawOf(path);
    if (raw !== null && raw !== "" && !raw.includes("${") && SECRET_NAME.test(name)) {
      const message = "a header of this name holds a secret, and it stands in the file";
      mistakes.push({ code: "W514", path, at: "value", message, help: "use `${NAME}` from the environment" });
    }
  }
  return mistakes;
}

function checkAuthorization(input: ShapeInput): readonly ShapeMistake[] {
  const { section } = input;
  const mistakes = [...checkSecret("bearer", input), ...checkSecretBelow("basic", "password", input)];
  const bearer = has(section, "bearer") ? "bearer" : "bearerFile";
  const hasBearer = has(section, bearer);
  const header = headersOf(section).find(([name]) => name.toLowerCase() === "authorization");
  if (hasBearer && has(section, "basic")) {
    mistakes.push(mistake(["basic"], `\`basic\` and \`${bearer}\` exclude each other`, "keep one of them"));
  }
  if (header !== undefined && (hasBearer || has(section, "basic"))) {
    const other = hasBearer ? bearer : "basic";
    const message = `the header \`authorization\` and \`${other}\` exclude each other`;
    mistakes.push(mistake(["headers", header[0]], message, "keep one of them"));
  }
  const token = section["bearer"];
  if (
    typeof token === "string" &&
    token.trim() !== "" &&
    input.rawOf(["bearer"]) !== null &&
    !HEADER_VALUE.test(token.trim())
  ) {
    const message = "`bearer` must be printable ASCII on one line";
    mistakes.push({ code: "E512", path: ["bearer"], at: "value", message });
  }
  return mistakes;
}

function checkHmac(input: ShapeInput): readonly ShapeMistake[] {
  const { section } = input;
  if (!has(section, "hmac")) return [];
  const mistakes = [...checkSecretBelow("hmac", "secret", input)];
  const header = hmacHeader(section);
  const path = has(sectionOf(section, "hmac"), "header") ? ["hmac", "header"] : ["hmac"];
  const names = [header, timestampHeader(header)];
  if (isOwnHeader(header) || header === "authorization" || (header.startsWith("ce-") && has(section, "cloudEvents"))) {
    mistakes.push(mistake(path, "the signature cannot stand in a header of this name", "use `X-Signature`"));
  }
  for (const [written] of headersOf(section).filter(([name]) => names.includes(name.toLowerCase()))) {
    mistakes.push(mistake(["headers", written], "this header is the signature's, and `hmac` sets it", "leave it out"));
  }
  return mistakes;
}

function checkCertificate({ section, misspelt }: ShapeInput): readonly ShapeMistake[] {
  return [["certFile", "keyFile"] as const, ["keyFile", "certFile"] as const].flatMap(([given, absent]) =>
    has(section, given) && !has(section, absent) && !misspelt(absent)
      ? [mistake([given], `\`${given}\` needs \`${absent}\``, `add \`${absent}:\` with the path of a file`)]
      : [],
  );
}
