import { beforeEach, describe, expect, it } from "vitest";
import { createBackoff, type Backoff } from "../../src/collect/backoff.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

let clock: FakeClock;
let random: number;
let backoff: Backoff;

beforeEach(() => {
  clock = createFakeClock(0);
  random = 1;
  backoff = createBackoff(clock, () => random);
});

const waits = (times: number, atLeastMs?: number): number[] =>
  Array.from({ length: times }, () => backoff.nextMs(atLeastMs));

describe("createBackoff", () => {
  it("doubles from 0.8 s to 30 s", () => {
    expect(waits(9)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
  });

  it("takes off up to half by chance", () => {
    random = 0;
    expect(waits(3)).toEqual([400, 800, 1600]);
  });

  it("begins anew after two minutes of health; the waiting itself is none", async () => {
    waits(3);
    await clock.advance(3_200 + 120_000);
    expect(waits(1)).toEqual([6_400]);
    await clock.advance(6_400 + 120_001);
    expect(waits(1)).toEqual([800]);
  });

  it("waits as long as the server wishes, and a little longer by chance", () => {
    expect(waits(1, 20_000)).toEqual([20_800]);
    random = 0;
    expect(waits(1, 20_000)).toEqual([20_000]);
  });

  it("waits no shorter than it would without a wish", () => {
    expect(waits(3, 1_000)).toEqual([1_800, 1_600, 3_200]);
  });

  it("obeys no wish beyond five minutes", () => {
    random = 0;
    expect(waits(1, 3_600_000)).toEqual([300_000]);
  });
});
