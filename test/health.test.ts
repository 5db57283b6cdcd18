import { beforeEach, expect, test } from "vitest";
import type { Source } from "../src/collect/source.ts";
import type { Deliveries } from "../src/deliveries.ts";
import { createHealth, type Health } from "../src/health.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { aDiagnostic } from "./support/reports.ts";

type Watch = ReturnType<Source["progress"]>;

let clock: FakeClock;
let watch: Watch;
let isBehind: boolean;
let writable: boolean;
let looks: number;
let receivers: ReturnType<Deliveries["state"]>;
let health: Health;

beforeEach(() => {
  clock = createFakeClock(NOON);
  watch = { connected: true, synced: true, lastActivityAt: 0, refused: null };
  [isBehind, writable, looks, receivers] = [false, true, 0, new Map()];
  health = createHealth({
    source: { progress: () => watch },
    progress: { isBehind: () => isBehind },
    database: {
      writable() {
        looks += 1;
        return writable;
      },
    },
    deliveries: { state: () => receivers },
    clock,
  });
});

test("a watch silent for longer than two watches last is not healthy, and is again at its first sign of life", async () => {
  await clock.advance(629_999);
  expect(health.health()).toEqual({ ok: true, details: { watchSilentMs: 629_999, outboxWritable: true } });
  await clock.advance(1);
  expect(health.health().ok).toBe(false);
  watch = { ...watch, lastActivityAt: clock.monotonic() };
  expect(health.health().ok).toBe(true);
});

test("a watch that waits for room in the outbox may be silent for days: a restart would not help it", async () => {
  isBehind = true;
  for (let hour = 0; hour < 48; hour += 1) {
    await clock.advance(3_600_000);
    expect(health.health().ok).toBe(true);
  }
  isBehind = false;
  await clock.advance(10_000);
  expect(health.health().ok).toBe(true);
  await clock.advance(630_000);
  expect(health.health().ok).toBe(false);
});

test("a disk that takes nothing is not healthy; one that is fine is asked once a minute", async () => {
  for (let i = 0; i < 5; i += 1) {
    expect(health.health().ok).toBe(true);
    await clock.advance(10_000);
  }
  expect(looks).toBe(1);
  writable = false;
  await clock.advance(10_000);
  watch = { ...watch, lastActivityAt: clock.monotonic() };
  expect(health.health()).toMatchObject({ ok: false, details: { outboxWritable: false } });
  writable = true;
  expect(health.health().ok).toBe(true);
  expect(looks).toBe(3);
});

test("is not ready before the cluster's state is read, nor while the API server refuses, whatever receivers do", () => {
  receivers = new Map([["feishu", { circuit: "open", lastOutcome: "dns_failed", waiting: 4711 }]]);
  const ready = health.readiness();
  expect(ready.ok).toBe(true);
  expect(ready.details["receivers"]).toEqual({
    feishu: { circuit: "open", lastOutcome: "dns_failed", waiting: 4711 },
  });
  watch = { ...watch, synced: false };
  expect(health.readiness().ok).toBe(false);
  watch = { ...watch, synced: true, refused: { status: 403, message: "forbidden" } };
  expect(health.readiness()).toMatchObject({ ok: false, details: { watch: { refused: { status: 403 } } } });
});

test("shows why the newest rules were refused, ten mistakes at most, until newer ones are taken", () => {
  expect(health.readiness().details["reload"]).toEqual({ refused: false });
  const errors = Array.from({ length: 12 }, (_, i) => aDiagnostic({ line: i + 1 }));
  health.refuse([...errors, aDiagnostic({ severity: "warning", code: "W401" })], undefined);
  const { reload } = health.readiness().details as {
    reload: { refused: boolean; errors: number; diagnostics: readonly string[] };
  };
  expect(reload).toMatchObject({ refused: true, errors: 12 });
  expect(reload.diagnostics).toHaveLength(10);
  expect(reload.diagnostics[0]).toBe("a.rules:1:1 E201 unknown field `knd`");
  expect(health.readiness().ok).toBe(true);

  health.refuse([], "the compiler exited with 9");
  expect(health.readiness().details["reload"]).toMatchObject({ refused: true, detail: "the compiler exited with 9" });
  health.refuse([aDiagnostic({ severity: "warning" })], undefined);
  expect(health.readiness().details["reload"]).toEqual({ refused: false });
});
