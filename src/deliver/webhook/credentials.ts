import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Redactor, SecretSource } from "../../runtime/secret.ts";
import { HEADER_VALUE } from "./headers.ts";

/** What a request proves itself with. */
export type Authorization =
  | { readonly kind: "basic"; readonly user: string; readonly password: SecretSource }
  | { readonly kind: "bearer"; readonly token: SecretSource };

/** Files in PEM; null: none. `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** PEM texts, as TLS takes them. */
type TlsTexts = Readonly<Partial<Record<keyof TlsFiles, string>>>;

/** What one of them is now, or what is wrong with it, in words that quote nothing of it. */
type Current<T> = { readonly kind: "valid"; readonly value: T } | { readonly kind: "invalid"; readonly detail: string };

/** Answers the value of `authorization`, or null for none. Throws what the file system throws. */
export function createAuthorization(
  authorization: Authorization | null,
  redactor: Redactor,
): () => Current<string | null> {
  if (authorization === null) return () => ({ kind: "valid", value: null });
  const secret = redactor.open(authorization.kind === "basic" ? authorization.password : authorization.token);
  const { kind } = authorization;
  let last = "";
  return () => {
    const revealed = secret.reveal();
    if (kind === "bearer") {
      if (!HEADER_VALUE.test(revealed)) return { kind: "invalid", detail: "the bearer token cannot stand in a header" };
      return { kind: "valid", value: `Bearer ${revealed}` };
    }
    const encoded = Buffer.from(`${authorization.user}:${revealed}`).toString("base64");
    // A receiver may quote the header it was sent.
    if (encoded !== last) redactor.open({ kind: "value", value: encoded }).reveal();
    last = encoded;
    return { kind: "valid", value: `Basic ${encoded}` };
  };
}

/** Answers what the files hold now. A change of a file is seen at the next call. Throws what the file system throws. */
export function createTlsTexts(files: TlsFiles, redactor: Redactor): () => Current<TlsTexts> {
  const opened = (["ca", "cert", "key"] as const).flatMap((name) => {
    const path = files[name];
    return path === null ? [] : [{ name, text: redactor.open({ kind: "file", path }) }];
  });
  let checked: { readonly texts: TlsTexts; readonly current: Current<TlsTexts> } | null = null;
  return () => {
    const texts: TlsTexts = Object.fromEntries(opened.map(({ name, text }) => [name, text.reveal()]));
    const known = checked;
    if (known !== null && opened.every(({ name }) => texts[name] === known.texts[name])) return known.current;
    const current = check(texts);
    checked = { texts, current };
    return current;
  };
}

/** Asks TLS itself. While two files of a pair are being changed they may not fit: the next attempt looks again. */
function check(texts: TlsTexts): Current<TlsTexts> {
  if (texts.ca !== undefined && !isUsable(() => new X509Certificate(texts.ca ?? ""))) {
    return { kind: "invalid", detail: "`caFile` holds no certificate" };
  }
  if (!isUsable(() => createSecureContext(texts))) {
    return { kind: "invalid", detail: "`certFile` and `keyFile` are no certificate with its key" };
  }
  return { kind: "valid", value: texts };
}

function isUsable(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch (error) {
    // OpenSSL's own words; anything else is a mistake in this program.
    if (!(error instanceof Error && "code" in error && String(error.code).startsWith("ERR_OSSL"))) throw error;
    return false;
  }
}
