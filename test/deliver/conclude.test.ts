import { describe, expect, test } from "vitest";
import { type Circumstances, conclude, type Failure } from "../../src/deliver/conclude.ts";
import { createUnknownAnswers } from "../../src/deliver/unknown-answers.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { aDelivery } from "../support/alerts.ts";

const MINUTE = 60_000;

function aFailure(over: Partial<Failure> = {}): Failure {
  return { kind: "retry", reason: "server_error", detail: "HTTP 503", arrived: "yes", ...over };
}

function weigh(delivery: Partial<Delivery>, failure: Partial<Failure>, given: Partial<Circumstances> = {}) {
  return conclude(aDelivery(undefined, delivery), aFailure(failure), {
    tookPrevious: false,
    hasPlainerWords: true,
    unknownAnswers: createUnknownAnswers({ now: () => 0 }),
    // Each wait is its longest.
    random: () => 1 - Number.EPSILON,
    ...given,
  });
}

/** Unknown answers after which the body is, or is not, at fault. */
function found(othersTaken: boolean, bodyAtFault: boolean): Circumstances["unknownAnswers"] & { ended: () => void } {
  return { add: () => ({ othersTaken, bodyAtFault }), ended: () => {} };
}

describe("trouble of the receiver", () => {
  test("leaves no trace on a delivery that did not arrive", () => {
    expect(weigh({}, { reason: "dns_failed", arrived: "no" })).toEqual({ step: { kind: "stays" }, circuit: "open" });
    expect(weigh({ attempts: 3 }, { arrived: "no" }, { tookPrevious: true }).step.kind).toBe("stays");
  });

  test("counts the attempt that was answered, and leaves the delivery due", () => {
    expect(weigh({}, {})).toEqual({ step: { kind: "put-off", afterMs: null, unsure: false }, circuit: "open" });
    expect(weigh({}, { reason: "rate_limited", afterMs: 5000 }).step).toMatchObject({ afterMs: null });
  });

  test("makes the delivery unsure when it may have arrived", () => {
    const conclusion = weigh({}, { reason: "timed_out", arrived: "perhaps" });
    expect(conclusion).toEqual({ step: { kind: "put-off", afterMs: null, unsure: true }, circuit: "open" });
  });

  test("opens the circuit for minutes when a person must change something", () => {
    const answered = weigh({}, { kind: "misconfigured", reason: "sign_mismatch" });
    expect(answered).toEqual({ step: { kind: "put-off", afterMs: null, unsure: false }, circuit: "misconfigured" });
    const unreadable = weigh({}, { kind: "misconfigured", reason: "secret_unreadable", arrived: "no" });
    expect(unreadable).toEqual({ step: { kind: "stays" }, circuit: "misconfigured" });
  });
});

describe("trouble of one delivery", () => {
  test.each(["in_flight", "internal_error"])("puts off that one alone when the receiver says %s", (reason) => {
    expect(weigh({}, { reason })).toEqual({
      step: { kind: "put-off", afterMs: 1000, unsure: false },
      circuit: "keep",
    });
    expect(weigh({ attempts: 2 }, { reason }).step).toMatchObject({ afterMs: 4000 });
    expect(weigh({ attempts: 2 }, { reason, afterMs: 7000 }).step).toMatchObject({ afterMs: 35_000 });
  });

  test("is what meets it again after the receiver took another", () => {
    const conclusion = weigh({ attempts: 1 }, {}, { tookPrevious: true });
    expect(conclusion).toEqual({ step: { kind: "put-off", afterMs: 2000, unsure: false }, circuit: "keep" });
  });

  test("is not what meets it the first time, or while the receiver takes none", () => {
    expect(weigh({ attempts: 0 }, {}, { tookPrevious: true }).circuit).toBe("open");
    expect(weigh({ attempts: 5 }, {}, { tookPrevious: false }).circuit).toBe("open");
  });

  test("is not what comes with a wish: that is about the receiver", () => {
    const limited = { reason: "rate_limited", afterMs: 1000 };
    expect(weigh({ attempts: 5 }, limited, { tookPrevious: true }).circuit).toBe("open");
  });

  test("is what may have arrived and had no answer for the third time in a row", () => {
    const conclusions = [0, 1, 2, 3].map((unsure) =>
      weigh({ attempts: 3, unsure }, { reason: "timed_out", arrived: "perhaps" }, { tookPrevious: true }),
    );
    expect(conclusions.map(({ circuit }) => circuit)).toEqual(["open", "open", "keep", "keep"]);
    expect(conclusions[2]?.step).toEqual({ kind: "put-off", afterMs: 8000, unsure: true });
  });
});

describe("a refusal of the body", () => {
  const refused = { kind: "refused", reason: "card_refused" } as const;

  test("is followed by plainer words twice, then by the end", () => {
    expect(weigh({ plain: 0 }, refused).step).toEqual({ kind: "plainer", plain: 1 });
    expect(weigh({ plain: 1 }, refused).step).toEqual({ kind: "plainer", plain: 2 });
    expect(weigh({ plain: 2 }, refused).step).toEqual({ kind: "dead" });
  });

  test("shows that the receiver works", () => {
    expect([0, 1, 2].map((plain) => weigh({ plain: plain as 0 | 1 | 2 }, refused).circuit)).toEqual([
      "close",
      "close",
      "close",
    ]);
  });

  test("is the end at once where there are no plainer words", () => {
    expect(weigh({ plain: 0 }, refused, { hasPlainerWords: false }).step).toEqual({ kind: "dead" });
  });

  test("ends what was not known about the delivery", () => {
    const unknownAnswers = createUnknownAnswers({ now: () => 0 });
    unknownAnswers.add(7);
    weigh({ row: 7, plain: 1 }, refused, { unknownAnswers });
    expect(unknownAnswers.count()).toBe(1);
    weigh({ row: 7, plain: 2 }, refused, { unknownAnswers });
    expect(unknownAnswers.count()).toBe(0);
  });
});

describe("an answer that is not known", () => {
  const unknown = { kind: "unknown", reason: "unknown_code" } as const;

  test("is followed by plainer words once, then by growing pauses", () => {
    expect(weigh({ plain: 0 }, unknown).step).toEqual({ kind: "plainer", plain: 1 });
    const pause = (attempts: number) => weigh({ plain: 1, attempts }, unknown).step;
    expect([1, 2, 3].map(pause)).toEqual(
      [1.1, 2.2, 4.4].map((minutes) => ({ kind: "put-off", afterMs: Math.round(minutes * MINUTE), unsure: false })),
    );
    expect(weigh({ plain: 1, attempts: 1 }, { ...unknown, afterMs: 10 * MINUTE }).step).toMatchObject({
      afterMs: 11 * MINUTE,
    });
  });

  test("is asked about more often while others are taken", () => {
    const steps = [true, false].map((othersTaken) => {
      const given = { unknownAnswers: found(othersTaken, false) };
      return weigh({ plain: 1, attempts: 50 }, unknown, given).step;
    });
    expect(steps).toMatchObject([{ afterMs: 16.5 * MINUTE }, { afterMs: 66 * MINUTE }]);
  });

  test("is the end once the body is at fault, but not before plainer words were tried", () => {
    const unknownAnswers = found(true, true);
    expect(weigh({ plain: 0 }, unknown, { unknownAnswers }).step).toEqual({ kind: "plainer", plain: 1 });
    expect(weigh({ plain: 1 }, unknown, { unknownAnswers }).step).toEqual({ kind: "dead" });
    expect(weigh({ plain: 0 }, unknown, { unknownAnswers, hasPlainerWords: false }).step).toEqual({ kind: "dead" });
  });

  test("never touches the circuit", () => {
    const circuits = [false, true].flatMap((bodyAtFault) =>
      ([0, 1, 2] as const).map((plain) => {
        return weigh({ plain }, unknown, { unknownAnswers: found(true, bodyAtFault) }).circuit;
      }),
    );
    expect(new Set(circuits)).toEqual(new Set(["keep"]));
  });

  test("is forgotten with a delivery that is given up for it", () => {
    const ended: number[] = [];
    const unknownAnswers = { ...found(true, true), ended: (row: number) => void ended.push(row) };
    weigh({ row: 7, plain: 0 }, unknown, { unknownAnswers });
    expect(ended).toEqual([]);
    weigh({ row: 7, plain: 1 }, unknown, { unknownAnswers });
    expect(ended).toEqual([7]);
  });
});
