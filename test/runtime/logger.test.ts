import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLogger, type Logger } from "../../src/runtime/logger.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { expectNoSecret } from "../support/no-secret.ts";

const TOKEN = "0f0f0f0f-1111-2222-3333-444444444444";
const WEBHOOK = `https://open.feishu.cn/open-apis/bot/v2/hook/${TOKEN}`;
const SIGN_SECRET = 'sign"secret\\with\nodd characters';
const SECRETS = [WEBHOOK, TOKEN, SIGN_SECRET];

function aSecretiveLogger(level = "debug"): { logger: Logger; lines: string[] } {
  const redactor = createRedactor();
  for (const value of [WEBHOOK, SIGN_SECRET]) redactor.open({ kind: "value", value }).reveal();
  const lines: string[] = [];
  return { logger: createLogger(redactor, level, { write: (line: string) => void lines.push(line) }), lines };
}

const anywhere = fc
  .constantFrom(...SECRETS)
  .chain((secret) =>
    fc
      .record({ before: fc.string({ unit: "binary" }), after: fc.string({ unit: "grapheme" }) })
      .map(({ before, after }) => `${before} ${secret} ${after}`),
  );

test("writes one line of JSON for each call, whatever its fields and its text hold", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (text, field) => {
      const { logger, lines } = aSecretiveLogger();
      logger.info({ field }, text);
      expect(lines).toHaveLength(1);
      expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", msg: text.toWellFormed() });
    }),
  );
});

test("lets no secret out: not in a text, a field, a key, an error, its stack or what caused it", () => {
  fc.assert(
    fc.property(anywhere, (said) => {
      const { logger, lines } = aSecretiveLogger();
      const error = new TypeError(said, { cause: new Error(`because of ${said}`) });
      logger.warn(said);
      logger.info({ said, [said]: 1, deep: { list: [said] }, body: JSON.stringify({ said }) }, "text");
      logger.error({ err: Object.assign(error, { input: said }) }, "failed");
      logger.fatal(error);
      expect(lines).toHaveLength(4);
      for (const line of lines) expect(JSON.parse(line)).toHaveProperty("level");
      expectNoSecret(SECRETS, { lines: lines.join("") });
    }),
  );
});

test("says when in ISO 8601 and how grave in a word, and stays quiet below its level", () => {
  const { logger, lines } = aSecretiveLogger("warn");
  logger.debug("too light");
  logger.info("too light");
  logger.warn("heard");
  expect(lines).toHaveLength(1);
  const { time, level, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, string>;
  expect(new Date(time ?? "").toISOString()).toBe(time);
  expect(level).toBe("warn");
  expect(rest).toEqual({ msg: "heard" });
});
