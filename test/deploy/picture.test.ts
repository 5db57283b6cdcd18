import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cardOf } from "../../src/deliver/feishu/card.ts";
import { createLocalTime } from "../../src/deliver/local-time.ts";
import { TEXTS } from "../../src/deliver/texts.ts";
import { wordAlert } from "../../src/deliver/words.ts";
import { anEventAlert } from "../support/alerts.ts";
import { anEvent } from "../support/events.ts";

const event = anEvent({
  message:
    "Back-off restarting failed container uploader in pod telemetry-uploader-6f4bdc979c-x2kqp_iot(3d458bc9-cc78-4c78-82b3-39d5be4ef82f)",
  namespace: "iot",
  involvedObject: { name: "telemetry-uploader-6f4bdc979c-x2kqp" },
  host: "pi-agent-2",
  count: 112,
  lastSeenAt: Date.parse("2026-11-22T05:05:09Z"),
});
const alert = anEventAlert({
  severity: "critical",
  event,
  held: { count: 37, since: Date.parse("2026-11-22T04:04:12Z") },
});

/** Lines of the picture as a person reads them: a wrapped line joined again. */
const drawn = [
  ...readFileSync(".github/card.svg", "utf8").matchAll(/<text class="(?:header|body)"[^>]*>(.*?)<\/text>/gs),
].map(([, text = ""]) =>
  text
    .replaceAll(/-<\/tspan>\s*<tspan x[^>]*>/g, "-")
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll(/\s+/g, " "),
);

test("the picture of a card shows what the default card says", () => {
  const words = { texts: TEXTS.en, localTime: createLocalTime("Asia/Shanghai") };
  const { card } = cardOf(wordAlert(alert, "feishu", words)(8000), []);
  const { header, elements } = card as unknown as {
    readonly header: { readonly title: { readonly content: string } };
    readonly elements: readonly { readonly text: { readonly content: string } }[];
  };
  // As a chat shows it: bold is not stars, and an escape is what it stands for.
  const shown = elements
    .flatMap(({ text }) => text.content.split("\n"))
    .map((line) =>
      line.replaceAll("**", "").replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))),
    );
  expect(drawn).toEqual([header.title.content, ...shown.map((line) => line.replaceAll("\\", ""))]);
});
