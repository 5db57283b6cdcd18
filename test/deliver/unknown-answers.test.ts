import { beforeEach, describe, expect, test } from "vitest";
import { createUnknownAnswers, type UnknownAnswers } from "../../src/deliver/unknown-answers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let now: number;
let answers: UnknownAnswers;

beforeEach(() => {
  now = 1_000_000;
  answers = createUnknownAnswers({ now: () => now });
});

/** Lets time pass in which the receiver takes another body. */
function othersFlowFor(ms: number): void {
  now += ms;
  answers.taken(999);
}

describe("answers that are not known", () => {
  test("are held against a body after an hour in which others were taken", () => {
    answers.add(1);
    for (const minutes of [15, 15, 15]) {
      othersFlowFor(minutes * MINUTE);
      expect(answers.add(1)).toEqual({ othersTaken: true, bodyAtFault: false });
    }
    othersFlowFor(15 * MINUTE - 1);
    expect(answers.add(1).bodyAtFault).toBe(false);
    othersFlowFor(1);
    expect(answers.add(1)).toEqual({ othersTaken: true, bodyAtFault: true });
  });

  test("are held against none while nothing is taken, however long that is", () => {
    for (let hour = 0; hour < 100; hour += 1) {
      for (const row of [1, 2, 3]) expect(answers.add(row)).toEqual({ othersTaken: false, bodyAtFault: false });
      now += HOUR;
    }
  });

  test("do not count for a body the receiver took before its first", () => {
    answers.taken(999);
    answers.add(1);
    now += 2 * HOUR;
    expect(answers.add(1)).toEqual({ othersTaken: false, bodyAtFault: false });
  });

  test("count a quarter of an hour for a single body taken in a long trouble", () => {
    answers.add(1);
    now += 5 * HOUR;
    answers.taken(999);
    for (let n = 1; n <= 20; n += 1) {
      expect(answers.add(1).bodyAtFault).toBe(false);
      now += HOUR;
    }
    for (let n = 2; n <= 4; n += 1) {
      othersFlowFor(HOUR);
      expect(answers.add(1).bodyAtFault).toBe(n === 4);
    }
  });

  test("count what lies between two of them, of longer pauses a quarter of an hour", () => {
    answers.add(1);
    for (const minutes of [20, 10, 15, 19]) {
      othersFlowFor(minutes * MINUTE);
      expect(answers.add(1).bodyAtFault).toBe(false);
    }
    othersFlowFor(5 * MINUTE - 1);
    expect(answers.add(1).bodyAtFault).toBe(false);
    othersFlowFor(1);
    expect(answers.add(1).bodyAtFault).toBe(true);
  });

  test("count for each delivery by itself", () => {
    answers.add(1);
    othersFlowFor(15 * MINUTE);
    answers.add(2);
    answers.add(1);
    for (const at of [30, 45, 60]) {
      othersFlowFor(15 * MINUTE);
      expect([answers.add(1).bodyAtFault, answers.add(2).bodyAtFault]).toEqual([at === 60, false]);
    }
  });

  test("are forgotten once the delivery is taken or given up", () => {
    for (const row of [1, 2, 3]) answers.add(row);
    expect(answers.count()).toBe(3);
    answers.add(1);
    expect(answers.count()).toBe(3);
    answers.taken(1);
    answers.ended(2);
    answers.ended(77);
    expect(answers.count()).toBe(1);
  });

  test("of a delivery that is given up are no body taken", () => {
    answers.add(1);
    answers.add(2);
    answers.ended(2);
    now += MINUTE;
    expect(answers.add(1).othersTaken).toBe(false);
  });

  test("are kept for 4,096 deliveries, those that were tried last", () => {
    answers.add(0);
    answers.add(1);
    answers.add(0);
    for (let row = 2; row <= 4096; row += 1) answers.add(row);
    expect(answers.count()).toBe(4096);
    othersFlowFor(MINUTE);
    expect(answers.add(0).othersTaken).toBe(true);
    expect(answers.add(1).othersTaken).toBe(false);
  });
});
