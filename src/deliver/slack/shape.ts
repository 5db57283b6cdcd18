import {
  type ReceiverShape,
  type ShapeInput,
  type ShapeMistake,
  checkSecret,
  checkUrlGiven,
  secretKeys,
  secretSource,
} from "../shape.ts";
import type { SlackSettings } from "./kind.ts";
import { URL_HELP, parseWebhookUrl } from "./webhook-url.ts";

export const shape: ReceiverShape = {
  description: "A Slack incoming webhook.",
  example: "`slack:` with a URL",
  mayBeEmpty: false,
  keys: secretKeys("url", "URL of the incoming webhook"),
  check: (input) => [...checkAddress(input), ...checkUrlGiven("slack", input)],
  complete(section) {
    const url = secretSource(section, "url");
    if (url === null) throw new Error("a slack receiver without URL passed the checks");
    return { url } satisfies SlackSettings;
  },
};

function checkAddress(input: ShapeInput): readonly ShapeMistake[] {
  const value = input.section["url"];
  const mistakes = checkSecret("url", input);
  if (typeof value !== "string" || input.rawOf(["url"]) === null) return mistakes;
  const url = parseWebhookUrl(value);
  const place = { path: ["url"], at: "value" } as const;
  if (url.kind === "invalid") {
    const { message, help } = url;
    // What is no address of this kind is no secret of it either.
    return [...mistakes.filter(({ code }) => code !== "W514"), { code: "E512", ...place, message, help }];
  }
  if (url.isSlacks) return mistakes;
  const message = "webhook URL has not the form of a Slack incoming webhook's, so it is taken for a relay's";
  return [...mistakes, { code: "W517", ...place, message, help: `of a webhook ${URL_HELP}` }];
}
