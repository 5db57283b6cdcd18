import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createOutbox } from "../../src/deliver/outbox.ts";
import { openDatabase } from "../../src/runtime/database.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { aFolder, aLastingClock, aLogger } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createReplayedDisk, type Fate, recordDisk } from "../support/recorded-disk.ts";

const WRITER = new URL("../support/outbox-writer.ts", import.meta.url).pathname;
const ALERTS = 30;
/** Continuous integration installs it; elsewhere the test is left out where it is missing. */
const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/** A generator of chances that is the same each time (Park and Miller's). */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

interface Found {
  readonly written: number;
  readonly delivered: number;
}

/** Opens what a power cut has left and looks whether it agrees with itself. */
function openAfterCut(folder: string): Found {
  const clock = createFakeClock(NOON);
  const database = openDatabase(folder, aLogger().logger, clock);
  const bounds = { maxBytes: 1e8, history: { alerts: 1000, maxBytes: 1e7 }, sharers: () => 1 };
  const outbox = createOutbox({ database, clock, lasting: aLastingClock(clock), metrics: createMetrics(), ...bounds });
  const { written = 0, delivered = 0, dead = 0, waiting = 0 } = outbox.ledger()[0] ?? {};
  const claimed = database.prepare("SELECT value FROM checkpoint WHERE key = 'claimed'").row()?.["value"] ?? "0";
  expect(database.asides()).toEqual([]);
  expect(written).toBe(delivered + dead + waiting);
  expect(claimed).toBe(String(written - (written % 2)));
  expect(database.prepare("SELECT count(*) AS n, max(id) AS last FROM alerts").row()).toEqual({
    n: written,
    last: written === 0 ? null : written,
  });
  expect(outbox.nextBatch("feishu", ALERTS, 0)).toHaveLength(waiting);
  database.close();
  return { written, delivered };
}

test.runIf(hasStrace)("a power cut at any moment takes back nothing that was called stored", async () => {
  const folder = aFolder();
  const log = join(aFolder(), "calls");
  const calls = await recordDisk(log, [process.execPath, WRITER, folder, String(ALERTS)]);
  const torn = [chances(1), chances(2)].map((chance): Fate => ({ torn: chance }));
  const fates: readonly Fate[] = ["lost", "kept", ...torn];
  const disk = createReplayedDisk();
  const target = join(aFolder(), "after");
  const outcomes: { readonly promised: Found; readonly found: Found }[] = [];
  let promised: Found = { written: 0, delivered: 0 };
  const cutPower = (fate: Fate): void => {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target);
    disk.copyTo(folder, target, fate);
    // Memory that the processes shared.
    rmSync(join(target, "kubewhen.db-shm"), { force: true });
    outcomes.push({ promised, found: openAfterCut(target) });
  };
  for (const call of calls) {
    // Just before a sync most is under way.
    if (call.kind === "sync") for (const fate of fates) cutPower(fate);
    disk.apply(call);
    if (call.kind === "print") promised = JSON.parse(call.text.trim().split("\n").at(-1) ?? "") as Found;
  }
  for (const fate of fates) cutPower(fate);

  const broken = outcomes.filter(
    (one) => one.found.written < one.promised.written || one.found.delivered > one.promised.delivered + 1,
  );
  expect(broken).toEqual([]);
  expect(promised.written).toBe(ALERTS);
  expect(outcomes.length).toBeGreaterThan(fates.length * ALERTS);
  // One for each alert, none for a delivery; the others are the start's and the checkpoints'.
  const syncs = calls.filter((call) => call.kind === "sync" && call.path.endsWith("-wal"));
  expect(syncs.length).toBeLessThan(ALERTS + 8);
});
