import { expect, test } from "vitest";
import { createConfigLoader } from "../../../src/config/config.ts";

const loadConfig = await createConfigLoader();
const URL_TEXT = "https://hooks.slack.com/services/T0A/B0B/s3cret";

const found = (section: string, env: Record<string, string> = {}): readonly string[] =>
  loadConfig("c", `receivers: [{name: a, slack: ${section}}]`, env).diagnostics.map(
    ({ code, message }) => `${code} ${message}`,
  );

test.each([
  ["{urlFile: /etc/url}", { kind: "file", path: "/etc/url" }],
  ['{url: "${HOOK}"}', { kind: "value", value: URL_TEXT }],
])("takes the address from outside the file: %s", (section, url) => {
  const { config, diagnostics } = loadConfig("c", `receivers: [{name: a, slack: ${section}}]`, {
    HOOK: ` ${URL_TEXT} `,
  });
  expect(diagnostics).toEqual([]);
  expect(config?.receivers).toEqual([{ name: "a", kind: "slack", settings: { url } }]);
});

test.each([
  ["{}", "E512 slack receiver has no webhook URL"],
  [`{url: "${URL_TEXT}"}`, "W514 `url` is a secret and stands in the file"],
  ['{url: "${HOOK}", urlFile: /x}', "E512 `url` and `urlFile` exclude each other"],
  ['{url: "${PLAIN}"}', "E512 webhook URL must be https"],
  ['{url: "${FLOW}"}', "E512 this is the URL of a Slack workflow, not of an incoming webhook"],
  [
    '{url: "${RELAY}"}',
    "W517 webhook URL has not the form of a Slack incoming webhook's, so it is taken for a relay's",
  ],
])("finds the mistake in %s", (section, expected) => {
  const env = {
    HOOK: URL_TEXT,
    PLAIN: "http://hooks.slack.com/services/T/B/x",
    FLOW: "https://hooks.slack.com/triggers/T/1/x",
    RELAY: "https://relay.test/x",
  };
  expect(found(section, env)).toEqual([expected]);
});

test("knows no keys of other kinds", () => {
  expect(found("{urlFile: /x, secretFile: /y}")).toHaveLength(1);
});
