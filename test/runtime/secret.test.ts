import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor } from "../../src/runtime/secret.ts";
import { aFolder } from "../support/delivery.ts";
import { expectNoSecret } from "../support/no-secret.ts";

const URL_TOKEN = "0f0f0f0f-1111-2222-3333-444444444444";
const WEBHOOK = `https://open.feishu.cn/open-apis/bot/v2/hook/${URL_TOKEN}`;

/** As people and generators make them; a text of nothing but quotes is none. */
const arbitrarySecret = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9]{4}$/), fc.string({ unit: "grapheme", minLength: 2, maxLength: 30 }))
  .map(([head, tail]) => `${head}${tail.trim()}`.trim());

describe("a secret", () => {
  test("is given trimmed, whether it came as a value or in a file", () => {
    const path = join(aFolder(), "secret");
    writeFileSync(path, "  from-file\n\n");
    const redactor = createRedactor();
    expect(redactor.open({ kind: "file", path }).reveal()).toBe("from-file");
    expect(redactor.open({ kind: "value", value: " from-env\n" }).reveal()).toBe("from-env");
  });

  test("prints as [redacted] whatever prints it", () => {
    const secret = createRedactor().open({ kind: "value", value: "sign-secret" });
    secret.reveal();
    for (const text of [format("%s", secret), JSON.stringify({ secret }), inspect({ secret })]) {
      expect(text).toContain("[redacted]");
      expectNoSecret(["sign-secret"], { text });
    }
  });

  test("is read anew when its file has changed, and the redactor knows the old and the new one", () => {
    const path = join(aFolder(), "secret");
    const redactor = createRedactor();
    const secret = redactor.open({ kind: "file", path });
    writeFileSync(path, "the-first-one");
    expect(secret.reveal()).toBe("the-first-one");
    writeFileSync(path, "the-second-one");
    utimesSync(path, 2_000_000_000, 2_000_000_000);
    expect(secret.reveal()).toBe("the-second-one");
    expect(redactor.scrub("the-first-one, the-second-one")).toBe("[redacted], [redacted]");
  });

  test("follows the swap of a mounted Secret", () => {
    const folder = aFolder();
    const mount = (name: string, value: string, epochS: number): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "url"), value);
      utimesSync(join(folder, name, "url"), epochS, epochS);
      symlinkSync(name, join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "..data"));
    };
    mount("..one", "value-one", 1_900_000_000);
    symlinkSync(join("..data", "url"), join(folder, "url"));
    const secret = createRedactor().open({ kind: "file", path: join(folder, "url") });
    expect(secret.reveal()).toBe("value-one");
    mount("..two", "value-two", 1_900_000_001);
    expect(secret.reveal()).toBe("value-two");
  });

  test("whose file is gone throws what the file system throws, and comes back with it", () => {
    const path = join(aFolder(), "secret");
    writeFileSync(path, "here");
    const secret = createRedactor().open({ kind: "file", path });
    expect(secret.reveal()).toBe("here");
    rmSync(path);
    expect(() => secret.reveal()).toThrow(/ENOENT/);
    writeFileSync(path, "here again");
    utimesSync(path, 2_000_000_000, 2_000_000_000);
    expect(secret.reveal()).toBe("here again");
  });
});

describe("the redactor", () => {
  test("takes the token of a revealed webhook address out, also where it stands alone", () => {
    const redactor = createRedactor();
    redactor.open({ kind: "value", value: WEBHOOK }).reveal();
    expect(redactor.scrub(`POST ${WEBHOOK} failed`)).toBe("POST [redacted] failed");
    expect(redactor.scrub(`hook/${URL_TOKEN}: 404`)).toBe("hook/[redacted]: 404");
    expect(redactor.scrub(encodeURIComponent(WEBHOOK))).toBe("[redacted]");
  });

  test("leaves no secret standing, as it is, URL-encoded or quoted in JSON once or twice", () => {
    fc.assert(
      fc.property(fc.array(arbitrarySecret, { minLength: 1, maxLength: 3 }), (secrets) => {
        const redactor = createRedactor();
        expect(redactor.scrub(secrets.join(" "))).toBe(secrets.join(" "));
        for (const value of secrets) redactor.open({ kind: "value", value }).reveal();
        const said = secrets.join(" and ");
        const once = JSON.stringify({ said, error: new Error(said).message });
        const twice = JSON.stringify({ body: once });
        for (const text of [said, once, twice, secrets.map(encodeURIComponent).join("&")]) {
          for (const value of secrets) {
            const scrubbed = redactor.scrub(text);
            if (!"[redacted]".includes(value)) expectNoSecret([value], { scrubbed });
          }
        }
      }),
    );
  });

  test("leaves texts alone that hold no secret, and secrets too short to tell from words", () => {
    const redactor = createRedactor();
    redactor.open({ kind: "value", value: "abc" }).reveal();
    redactor.open({ kind: "value", value: "a-real-secret" }).reveal();
    expect(redactor.scrub("abc is the alphabet")).toBe("abc is the alphabet");
  });

  test("takes the longer of two secrets that overlap", () => {
    const redactor = createRedactor();
    for (const value of ["token", "token-and-more"]) redactor.open({ kind: "value", value }).reveal();
    expect(redactor.scrub("token-and-more")).toBe("[redacted]");
  });
});
