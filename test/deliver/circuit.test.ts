import { beforeEach, describe, expect, test } from "vitest";
import { type Circuit, createCircuit } from "../../src/deliver/circuit.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const MINUTE = 60_000;

let clock: SteppedClock;
let circuit: Circuit;

beforeEach(() => {
  clock = createSteppedClock(0, 5000);
  // Each wait is its longest.
  circuit = createCircuit(clock, () => 1 - Number.EPSILON);
});

/** Fails once its wait is over, again and again; answers the waits. */
function waitsOf(state: "open" | "misconfigured", times: number, afterMs?: number): number[] {
  return Array.from({ length: times }, () => {
    circuit.open(state, afterMs);
    const ms = circuit.waitMs();
    clock.step(ms);
    return ms;
  });
}

describe("circuit", () => {
  test("is closed at first and lets attempts through", () => {
    expect(circuit.state()).toBe("closed");
    expect(circuit.waitMs()).toBe(0);
    expect(circuit.close()).toBeNull();
  });

  test("waits longer after each failure in a row", () => {
    expect(waitsOf("open", 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test("waits for what the receiver wishes, and longer", () => {
    expect(waitsOf("open", 2, 5000)).toEqual([10_000, 15_000]);
  });

  test("waits minutes while a person must change something, whatever the receiver wishes", () => {
    expect(waitsOf("misconfigured", 5, 1000).map((ms) => ms / MINUTE)).toEqual([5.5, 11, 22, 44, 66]);
  });

  test("lets an attempt through once the wait is over, and stays open", () => {
    circuit.open("open");
    clock.step(999);
    expect(circuit.waitMs()).toBe(1);
    clock.step(1);
    expect(circuit.waitMs()).toBe(0);
    clock.step(1);
    expect(circuit.waitMs()).toBe(0);
    expect(circuit.state()).toBe("open");
  });

  test("begins anew after it was closed, and says how long it was not", () => {
    waitsOf("open", 5);
    expect(circuit.close()).toBe(31_000);
    expect(circuit.state()).toBe("closed");
    expect(circuit.waitMs()).toBe(0);
    expect(waitsOf("open", 1)).toEqual([1000]);
    expect(circuit.close()).toBe(1000);
  });

  test("lets attempts through at once when it closes during a wait", () => {
    circuit.open("misconfigured");
    circuit.close();
    expect(circuit.waitMs()).toBe(0);
  });

  test("says when its state is another, and begins that one's waits anew", () => {
    expect([circuit.open("open"), circuit.open("open")]).toEqual([true, false]);
    expect([circuit.open("misconfigured"), circuit.open("misconfigured")]).toEqual([true, false]);
    expect(circuit.waitMs()).toBe(5.5 * MINUTE);
    expect(circuit.open("open")).toBe(true);
    expect(circuit.waitMs()).toBe(1000);
  });

  test("counts the failures of many that were sent at once as one", () => {
    for (let n = 0; n < 5; n += 1) circuit.open("open");
    expect(circuit.waitMs()).toBe(1000);
    clock.step(1000);
    for (let n = 0; n < 5; n += 1) circuit.open("open");
    expect(circuit.waitMs()).toBe(2000);
  });

  test("counts its whole trouble, of whatever kind", () => {
    circuit.open("open");
    clock.step(1000);
    circuit.open("misconfigured");
    clock.step(1000);
    expect(circuit.close()).toBe(2000);
  });

  test("does not mind the wall clock", () => {
    circuit.open("open");
    clock.jump(3_600_000);
    expect(circuit.waitMs()).toBe(1000);
  });
});
