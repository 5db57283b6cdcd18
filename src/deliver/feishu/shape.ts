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
import type { FeishuSettings } from "./kind.ts";
import { URL_HELP, parseWebhookUrl } from "./webhook-url.ts";

export const shape: ReceiverShape = {
  description: "A Feishu or Lark custom bot.",
  example: "`feishu:` with a URL",
  mayBeEmpty: false,
  keys: {
    ...secretKeys("url", "webhook URL of the bot"),
    ...secretKeys("secret", "sign secret of the bot"),
    // Ten is the most a bot's security settings take (Feishu custom-bot guide, 2026-11).
    keywords: z
      .array(someText.meta({ public: true }))
      .max(10, "has more than the 10 keywords a bot can have")
      .optional()
      .describe("Words the bot insists on; put into each card's title."),
  },
  check: (input) => [...checkAddress(input), ...checkSecret("secret", input), ...checkUrlGiven("feishu", input)],
  complete(section) {
    const url = secretSource(section, "url");
    if (url === null) throw new Error("a feishu receiver without URL passed the checks");
    const keywords = section["keywords"];
    return {
      url,
      secret: secretSource(section, "secret"),
      keywords: Array.isArray(keywords) ? keywords.map(String) : [],
    } satisfies FeishuSettings;
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
  if (url.isBots) return mistakes;
  const message = "webhook URL has not the form of a Feishu bot's, so it is taken for a relay's";
  return [...mistakes, { code: "W517", ...place, message, help: `of a bot ${URL_HELP}` }];
}
