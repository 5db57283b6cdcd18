import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { createComposer } from "../../src/deliver/compose.ts";
import { kind } from "../../src/deliver/feishu/kind.ts";
import { cardOf } from "../../src/deliver/feishu/card.ts";
import { printCard } from "../../src/demo/printed-card.ts";
import { aDelivery, aDigestAlert, anEventAlert } from "../support/alerts.ts";
import { aLogger } from "../support/delivery.ts";
import { anEvent } from "../support/events.ts";
import type { Alert } from "../../src/model/alert.ts";

const composer = createComposer({ templates: {}, language: "en", timeZone: "UTC", logger: aLogger().logger });

function cardFor(alert: Alert): unknown {
  return cardOf(composer.item(aDelivery(alert), kind.dialect).message(8000), []);
}

function aCard(message: string): unknown {
  return cardFor(anEventAlert({ cluster: "home", event: anEvent({ message }) }));
}

test("shows the title with its time, and every line of the card", () => {
  const printed = printCard(aCard("Back-off restarting"), "12:04", false);
  const lines = printed.split("\n");
  expect(lines[0]).toMatch(/^┃ home · BackOff {2}12:04$/);
  expect(lines.at(-1)).toBe("");
  expect(lines.slice(0, -1).every((line) => line.startsWith("┃ "))).toBe(true);
  expect(printed).toContain("Message: Back-off restarting");
});

test("shows a hostile text as its author wrote it, not as markup", () => {
  const message = "**bold** <at id=all></at> [x](https://evil.test) &#65; `code`";
  expect(printCard(aCard(message), "", false)).toContain(message);
});

test("is the same text with colours, once those are taken out", () => {
  const card = aCard("Back-off restarting");
  const coloured = printCard(card, "12:04", true);
  expect(coloured).not.toBe(printCard(card, "12:04", false));
  expect(stripVTControlCharacters(coloured)).toBe(printCard(card, "12:04", false));
});

test("shows a plain text message in a card's place, and nothing at all as nothing", () => {
  expect(printCard({ msg_type: "text", content: { text: "hello" } }, "12:04", false)).toBe("┃ hello  12:04\n");
  expect(printCard({}, "", false)).toBe("┃   \n");
});

test("shows every line of a digest", () => {
  expect(printCard(cardFor(aDigestAlert()), "", false)).toContain("\n┃ shop/web: Back-off\n");
});
