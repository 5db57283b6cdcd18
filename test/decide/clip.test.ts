import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clipEvent, clipText, clipTexts, jsonBytes } from "../../src/decide/clip.ts";
import { anEvent } from "../support/events.ts";

describe("clipping a text", () => {
  it("leaves what is short enough as it is", () => {
    expect([clipText("abc", 3), clipText("", 1)]).toEqual(["abc", ""]);
  });

  it("keeps as many units as asked for, the mark included, and whole characters only", () => {
    expect(clipText("abcd", 3)).toBe("ab…");
    expect(clipText("a😀bc", 3)).toBe("a…");
    expect(clipText("a😀bc", 4)).toBe("a😀…");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (text, most) => {
        const clipped = clipText(text, most);
        expect(clipped.length).toBeLessThanOrEqual(most);
        expect(clipped.isWellFormed()).toBe(true);
        expect(clipped === text || text.startsWith(clipped.slice(0, -1))).toBe(true);
      }),
    );
  });

  it("does not keep the text it was a part of in memory", () => {
    const kept: string[] = [];
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100; i += 1) kept.push(clipText(`${i}${"x".repeat(1_000_000)}`, 100));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
    expect(kept).toHaveLength(100);
  });
});

describe("clipping an Event", () => {
  it("cuts its message and its other texts, each to its own length", () => {
    const long = "x".repeat(9_000);
    const about = { apiVersion: long, kind: long, namespace: long, name: long, uid: long, fieldPath: long };
    const texts = { eventUid: long, eventName: long, eventNamespace: long, resourceVersion: long, type: long };
    const more = { cluster: long, reason: long, namespace: long, component: long, host: long, action: long };
    const event = clipEvent(anEvent({ ...texts, ...more, message: long, involvedObject: about }), {
      message: 8_000,
      field: 256,
    });
    const { message, involvedObject, count, firstSeenAt, lastSeenAt, ...fields } = event;
    expect(message).toHaveLength(8_000);
    const lengths = [...Object.values(fields), ...Object.values(involvedObject)].map((text) => text.length);
    expect(new Set(lengths)).toEqual(new Set([256]));
    expect([count, firstSeenAt, lastSeenAt]).toEqual([anEvent().count, anEvent().firstSeenAt, anEvent().lastSeenAt]);
  });

  it("leaves an ordinary one as it is", () => {
    expect(clipEvent(anEvent(), { message: 8_000, field: 256 })).toEqual(anEvent());
  });
});

describe("texts by name", () => {
  it("are kept whole or not at all, as many as fit", () => {
    expect(
      clipTexts(
        [
          ["a", "1"],
          ["b", "x".repeat(50)],
          ["c", "3"],
        ],
        40,
      ),
    ).toEqual({ a: "1", c: "3" });
    expect(clipTexts([], 2)).toEqual({});
  });

  it("take no more JSON than they may", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }))),
        fc.integer({ min: 2, max: 100 }),
        (texts, most) => {
          expect(jsonBytes(clipTexts(texts, most))).toBeLessThanOrEqual(most);
        },
      ),
    );
  });
});
