import type { SecretSource } from "../../runtime/secret.ts";
import type { BodyForms } from "../fit.ts";
import { type Address, destinationOf, httpChannel } from "../http.ts";
import type { Channel, ReceiverKind, World } from "../kind.ts";
import { dialect } from "./dialect.ts";
import { layoutBody } from "./layout-body.ts";
import { messageOf, textBody } from "./message.ts";
import { classifySlackResponse } from "./response.ts";
import { parseWebhookUrl } from "./webhook-url.ts";

export interface SlackSettings {
  /** `https`, or `http` for a host on this machine. */
  readonly url: SecretSource;
}

/** Slack's incoming webhooks. They take no id for a repeat, and their messages cannot be changed. */
export const kind: ReceiverKind<SlackSettings> = {
  takes: "message",
  batch: 1,
  local: false,
  editableMs: 0,
  dialect,
  limits: dialect.limits,
  destination: ({ url }, { redactor }) => destinationOf("slack", url, redactor),
  open: openSlack,
};

/** Bodies of messages and layouts. */
export const forms: BodyForms = {
  compose: (message, _alert, plain) => messageOf(message, plain),
  composeLayout: layoutBody,
  plain: textBody,
};

function openSlack(receiver: string, { url }: SlackSettings, world: World): Channel {
  const address = world.redactor.open(url);
  return httpChannel({
    receiver,
    maxBytes: dialect.limits.bytes,
    world,
    address: () => addressOf(address.reveal()),
    forms,
    classify: classifySlackResponse,
  });
}

function addressOf(text: string): Address {
  const url = parseWebhookUrl(text);
  return url.kind === "valid" ? url : { kind: "invalid", detail: url.message };
}
