import { expect, test } from "vitest";
import { createStdoutSender } from "../../../src/deliver/stdout/sender.ts";
import { anEntry } from "../../support/delivery.ts";
import { expectNoSecret } from "../../support/no-secret.ts";

test("prints one line per entry, whatever it holds", async () => {
  const lines: string[] = [];
  const sender = createStdoutSender({ print: (line) => lines.push(line) });
  const signal = new AbortController().signal;
  expect(await sender.send(anEntry({ body: '{"a":1}' }), signal)).toEqual({ kind: "delivered" });
  await sender.send(anEntry({ body: "two\r\nlines" }), signal);
  await sender.close();
  expect(lines).toEqual(['{"a":1}', "two lines"]);
  expectNoSecret(["token"], { lines });
});
