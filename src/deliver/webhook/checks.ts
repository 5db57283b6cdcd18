import { type ShapeInput, type ShapeMistake, checkSecret, checkUrlGiven } from "../shape.ts";
import { parseAddress } from "./address.ts";
import { HEADER_VALUE, isOwnHeader } from "./headers.ts";
import { has, headersOf, hmacHeader, sectionOf } from "./section.ts";
import { timestampHeader } from "./signature.ts";

const MAX_HEADERS = 32;
/** Names of headers whose value lets somebody in. */
const SECRET_NAME = /authorization|cookie|token|secret|password|api-?key/;

/** What is wrong with a section beyond the shape of each value. No message quotes a value, or a name that is not ours. */
export function checkWebhook(input: ShapeInput): readonly ShapeMistake[] {
  return [
    ...checkAddress(input),
    ...checkUrlGiven("webhook", input),
    ...checkHeaders(input),
    ...checkAuthorization(input),
    ...checkHmac(input),
    ...checkCertificate(input),
  ];
}

/** A secret of a section inside the receiver's. */
function checkSecretBelow(key: string, name: string, { section, rawOf }: ShapeInput): readonly ShapeMistake[] {
  const below = {
    section: sectionOf(section, key),
    rawOf: (path: readonly (string | number)[]) => rawOf([key, ...path]),
  };
  const mistakes: ShapeMistake[] = [];
  for (const found of checkSecret(name, below)) mistakes.push({ ...found, path: [key, ...found.path] });
  return mistakes;
}

function mistakeAt(path: readonly string[], message: string, help: string): ShapeMistake {
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
    mistakes.push(mistakeAt(["headers"], `more than ${MAX_HEADERS} headers`, "leave out some"));
  }
  for (const [written] of headers) {
    const path = ["headers", written];
    const name = written.toLowerCase();
    if (isOwnHeader(name)) {
      // The name is one of a list of ours, so it is no secret.
      mistakes.push(mistakeAt(path, `the header \`${name}\` is not yours to set`, "leave it out"));
    } else if (name.startsWith("ce-") && has(section, "cloudEvents")) {
      mistakes.push(mistakeAt(path, "headers with `ce-` in front are the CloudEvent's attributes", "leave it out"));
    } else if (taken.has(name)) {
      mistakes.push(mistakeAt(path, "this header is there twice, for case does not count", "keep one of them"));
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
    mistakes.push(mistakeAt(["basic"], `\`basic\` and \`${bearer}\` exclude each other`, "keep one of them"));
  }
  if (header !== undefined && (hasBearer || has(section, "basic"))) {
    const other = hasBearer ? bearer : "basic";
    const message = `the header \`authorization\` and \`${other}\` exclude each other`;
    mistakes.push(mistakeAt(["headers", header[0]], message, "keep one of them"));
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
  const names = new Set([header, timestampHeader(header)]);
  if (isOwnHeader(header) || header === "authorization" || (header.startsWith("ce-") && has(section, "cloudEvents"))) {
    mistakes.push(mistakeAt(path, "the signature cannot stand in a header of this name", "use `X-Signature`"));
  }
  for (const [written] of headersOf(section).filter(([name]) => names.has(name.toLowerCase()))) {
    mistakes.push(
      mistakeAt(["headers", written], "this header is the signature's, and `hmac` sets it", "leave it out"),
    );
  }
  return mistakes;
}

function checkCertificate({ section, misspelt }: ShapeInput): readonly ShapeMistake[] {
  return [["certFile", "keyFile"] as const, ["keyFile", "certFile"] as const].flatMap(([given, absent]) =>
    has(section, given) && !has(section, absent) && !misspelt(absent)
      ? [mistakeAt([given], `\`${given}\` needs \`${absent}\``, `add \`${absent}:\` with the path of a file`)]
      : [],
  );
}
