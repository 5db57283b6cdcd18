import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { watchFiles } from "../src/watch-files.ts";
import { aFolder } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";

let folder: string;
let clock: FakeClock;

beforeEach(() => {
  folder = aFolder();
  clock = createFakeClock(NOON);
});

const at = (...names: readonly string[]): string => join(folder, ...names);

/** Watches until the test ends; answers how many changes were seen so far. */
function watch(...paths: readonly string[]): () => Promise<number> {
  const stopping = new AbortController();
  const changes = watchFiles(paths, clock, stopping.signal);
  let seen = 0;
  const watching = (async (): Promise<void> => {
    while ((await changes.next()).done !== true) seen += 1;
  })();
  onTestFinished(async () => {
    stopping.abort();
    await watching;
  });
  return async () => {
    await clock.advance(5_000);
    await clock.advance(0);
    return seen;
  };
}

test("sees the one renamed link by which a mounted ConfigMap changes, size and times of the files being equal", async () => {
  const mount = (name: string, text: string): void => {
    mkdirSync(at(name));
    writeFileSync(at(name, "a.rules"), text);
    utimesSync(at(name, "a.rules"), 1_900_000_000, 1_900_000_000);
    symlinkSync(name, at("..data_tmp"));
    renameSync(at("..data_tmp"), at("..data"));
  };
  mount("..2026_one", "when type=Normal");
  symlinkSync(join("..data", "a.rules"), at("a.rules"));
  const changes = watch(folder);
  expect(await changes()).toBe(0);
  mount("..2026_two", "when type=Abnorm");
  expect(await changes()).toBe(1);
  rmSync(at("..2026_one"), { recursive: true });
  expect(await changes()).toBe(1);
});

test("takes a file that is gone for a moment for no change, and its return with other content for one", async () => {
  writeFileSync(at("config.yaml"), "a");
  const changes = watch(at("config.yaml"));
  renameSync(at("config.yaml"), at("aside"));
  expect(await changes()).toBe(0);
  renameSync(at("aside"), at("config.yaml"));
  expect(await changes()).toBe(0);
  rmSync(at("config.yaml"));
  expect(await changes()).toBe(0);
  writeFileSync(at("config.yaml"), "other");
  expect(await changes()).toBe(1);
  expect(await changes()).toBe(1);
});

test("sees rules files come and go, and no others", async () => {
  writeFileSync(at("a.rules"), "a");
  const changes = watch(folder);
  writeFileSync(at("notes.txt"), "not a rule");
  writeFileSync(at(".hidden.rules"), "nor this");
  expect(await changes()).toBe(0);
  writeFileSync(at("b.rules"), "b");
  expect(await changes()).toBe(1);
  renameSync(at("b.rules"), at("c.rules"));
  expect(await changes()).toBe(2);
  rmSync(at("c.rules"));
  expect(await changes()).toBe(3);
});

test("counts changes from the call on, before anybody asks for the first", async () => {
  writeFileSync(at("a.rules"), "a");
  const stopping = new AbortController();
  const changes = watchFiles([folder], clock, stopping.signal);
  writeFileSync(at("a.rules"), "changed while the first ones were read");
  const first = changes.next();
  await clock.advance(5_000);
  expect((await first).done).toBe(false);
  stopping.abort();
  expect((await changes.next()).done).toBe(true);
});

test("waits for a path that is not there yet, and makes one change of several at a time", async () => {
  const changes = watch(at("config.yaml"), folder);
  expect(await changes()).toBe(0);
  writeFileSync(at("config.yaml"), "a");
  writeFileSync(at("a.rules"), "a");
  expect(await changes()).toBe(1);
});

test("looks at nothing while a change is being taken in, and sees what changed meanwhile", async () => {
  writeFileSync(at("a.rules"), "a");
  const stopping = new AbortController();
  const changes = watchFiles([folder], clock, stopping.signal);
  const first = changes.next();
  writeFileSync(at("a.rules"), "first change");
  await clock.advance(5_000);
  await first;
  writeFileSync(at("a.rules"), "second, while the first is compiled");
  await clock.advance(60_000);
  const second = changes.next();
  await clock.advance(5_000);
  expect((await second).done).toBe(false);
  stopping.abort();
});

test("takes a file for gone after ten seconds, and its return for a change even if it is the same", async () => {
  writeFileSync(at("config.yaml"), "a");
  const changes = watch(at("config.yaml"));
  renameSync(at("config.yaml"), at("aside"));
  expect(await changes()).toBe(0);
  expect(await changes()).toBe(0);
  expect(await changes()).toBe(1);
  expect(await changes()).toBe(1);
  renameSync(at("aside"), at("config.yaml"));
  expect(await changes()).toBe(2);
});

test("sees that a file may be read by others than before", async () => {
  writeFileSync(at("config.yaml"), "a", { mode: 0o600 });
  const changes = watch(at("config.yaml"));
  chmodSync(at("config.yaml"), 0o644);
  expect(await changes()).toBe(1);
});
