import type { Delivery, Outcome } from "../../model/delivery.ts";
import type { SecretSource } from "../../runtime/secret.ts";
import type { BodyForms } from "../fit.ts";
import { type Address, type Sealed, destinationOf, httpChannel } from "../http.ts";
import type { Channel, ReceiverKind, World } from "../kind.ts";
import { parseAddress } from "./address.ts";
import { bodyOf } from "./body.ts";
import { ENVELOPE_BYTES, binaryEventHeaders, structuredEvent } from "./cloud-event.ts";
import { type Authorization, type TlsFiles, createAuthorization, createTlsTexts } from "./credentials.ts";
import { dialect } from "./dialect.ts";
import { classifyAnswer } from "./response.ts";
import { signatureHeaders } from "./signature.ts";

export interface WebhookSettings {
  /** `https`, or `http` for a host on this machine. */
  readonly url: SecretSource;
  /** Names in lower case. Any value may be a secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: Authorization | null;
  readonly tls: TlsFiles;
  /** `header` in lower case. */
  readonly hmac: { readonly header: string; readonly secret: SecretSource } | null;
  /** Null: the body stands for itself. */
  readonly cloudEvents: "structured" | "binary" | null;
}

/** A server of the operator's own that takes JSON. It may tell a repeat by `idempotency-key`. */
export const kind: ReceiverKind<WebhookSettings> = {
  takes: "message",
  batch: 1,
  local: false,
  editableMs: 0,
  dialect,
  limits: dialect.limits,
  destination: ({ url }, { redactor }) => destinationOf("webhook", url, redactor),
  open: openWebhook,
};

const FORMS: BodyForms = {
  compose: (message, alert) => bodyOf(alert, message),
  composeLayout: (tree) => tree,
  plain: (text) => ({ summary: text }),
};

function openWebhook(receiver: string, settings: WebhookSettings, world: World): Channel {
  const { url, authorization, tls, hmac, cloudEvents } = settings;
  const { redactor, clock } = world;
  const address = redactor.open(url);
  const authorizationNow = createAuthorization(authorization, redactor);
  const tlsNow = createTlsTexts(tls, redactor);
  const hmacKey = hmac === null ? null : redactor.open(hmac.secret);
  rememberValues(settings.headers, world);

  const sealWith =
    (authorized: Readonly<Record<string, string>>, key: string) =>
    (plain: string, delivery: Delivery): Sealed => {
      const body = cloudEvents === "structured" ? structuredEvent(plain, delivery) : plain;
      const headers = {
        ...settings.headers,
        ...authorized,
        "idempotency-key": delivery.key,
        ...(cloudEvents === "binary" ? binaryEventHeaders(delivery) : {}),
        ...(hmac === null ? {} : signatureHeaders(hmac.header, clock.now(), body, key)),
      };
      return { body, headers };
    };

  return httpChannel({
    receiver,
    maxBytes: dialect.limits.bytes - (cloudEvents === "structured" ? ENVELOPE_BYTES : 0),
    world,
    address: () => addressOf(address.reveal()),
    forms: FORMS,
    contentType: cloudEvents === "structured" ? "application/cloudevents+json; charset=utf-8" : "application/json",
    tls() {
      const texts = tlsNow();
      return texts.kind === "valid" ? texts.value : {};
    },
    async attempt(post) {
      const texts = tlsNow();
      if (texts.kind === "invalid") return misconfigured("tls_unusable", texts.detail);
      const value = authorizationNow();
      if (value.kind === "invalid") return misconfigured("secret_unusable", value.detail);
      const key = hmacKey?.reveal() ?? "";
      if (hmac !== null && key === "") return misconfigured("secret_unusable", "the secret of `hmac` is empty");
      const authorized = value.value === null ? {} : { authorization: value.value };
      return (await post(sealWith(authorized, key))).outcome;
    },
    classify: (status, body, headers) => classifyAnswer(status, body, headers, clock.now()),
  });
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  return address.kind === "valid" ? address : { kind: "invalid", detail: address.message };
}

/** A receiver may quote what it was sent, or the part of it behind a word such as `Bearer`. */
function rememberValues(headers: Readonly<Record<string, string>>, { redactor }: World): void {
  for (const value of Object.values(headers)) {
    const parts = value.split(" ").filter((part) => part.length >= 8);
    for (const text of [value, ...parts]) redactor.open({ kind: "value", value: text }).reveal();
  }
}

function misconfigured(reason: string, detail: string): Outcome {
  return { kind: "misconfigured", reason, detail, arrived: "no" };
}
