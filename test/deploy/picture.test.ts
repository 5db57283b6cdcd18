import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventCard } from "../../src/deliver/feishu/card.ts";
import { createLocalTime } from "../../src/deliver/local-time.ts";
import { TEXTS } from "../../src/deliver/texts.ts";
import type { EventView } from "../../src/deliver/view.ts";

const view: EventView = {
  type: "Warning",
  kind: "Pod",
  reason: "BackOff",
  message:
    "Back-off restarting failed container uploader in pod telemetry-uploader-6f4bdc979c-x2kqp_iot(3d458bc9-cc78-4c78-82b3-39d5be4ef82f)",
  namespace: "iot",
  name: "telemetry-uploader-6f4bdc979c-x2kqp",
  host: "pi-agent-2",
  node: "pi-agent-2",
  container: "uploader",
  workload: "telemetry-uploader",
  component: "kubelet",
  action: "",
  apiVersion: "v1",
  uid: "3d458bc9-cc78-4c78-82b3-39d5be4ef82f",
  fieldPath: "spec.containers{uploader}",
  count: 112,
  occurrences: 24,
  firstSeen: "2026-11-22T04:03:31Z",
  lastSeen: "2026-11-22T05:05:09Z",
  cluster: "家里测试 K3S",
  rule: "crash-loop",
  severity: "critical",
  colour: "red",
  held: { count: 37, since: "2026-11-22T04:04:12Z" },
};

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
  const style = { cluster: view.cluster, keywords: [], texts: TEXTS.en, localTime: createLocalTime("Asia/Shanghai") };
  const { card } = eventCard(view, view.message, style);
  const { header, elements } = card as {
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
