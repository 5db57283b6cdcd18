import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  findMetadata,
  findType,
  readAbout,
  readNamespace,
  readResourceVersion,
  readValue,
} from "../../src/collect/line-bytes.ts";
import { aRawEvent } from "../support/raw-events.ts";

const METADATA = { name: "a.1", namespace: "shop", uid: "u", resourceVersion: "1234" };

function aLine(fields: Record<string, unknown>, metadata: Record<string, unknown> = METADATA): Buffer {
  const { kind, apiVersion, metadata: _replaced, ...rest } = aRawEvent();
  return Buffer.from(JSON.stringify({ type: "ADDED", object: { kind, apiVersion, metadata, ...rest, ...fields } }));
}

function typeIn(line: Buffer): string | null {
  const start = findType(line);
  return start < 0 ? null : readValue(line, start);
}

describe("findType", () => {
  it("finds the Event's own, past texts that hold quotes, braces and backslashes", () => {
    const text = fc.oneof(
      fc.constantFrom(',"type":"Normal"', '\\",\\"type\\":\\"Normal', "}}", '{"', "\\", '\\"', '","type":"Normal"}}'),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(text, text, text, (action, reportingInstance, name) => {
        const series = { count: 2, lastObservedTime: null };
        const line = aLine({ type: "Warning", series, action, related: { kind: "Pod", name }, reportingInstance });
        expect(typeIn(line)).toBe("Warning");
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Buffer]>([
    [
      "a label, where the Event has none",
      aLine({ type: undefined }, { ...METADATA, labels: { app: "x", type: "Normal" } }),
    ],
    ["a key of a related object", aLine({ related: { kind: "Pod", type: "Normal" } })],
    ["a key of an object in a list", aLine({ later: [{ kind: "Pod", type: "Normal" }] })],
    ["a key after the object", Buffer.from('{"type":"ADDED","object":{"kind":"Event"},"type":"Normal"}')],
    ["one too far from the end", aLine({ action: "x".repeat(2000) })],
    ["one in half a line", aLine({}).subarray(0, -1)],
    ["nothing", Buffer.alloc(0)],
  ])("does not take for it %s", (_what, line) => {
    expect(findType(line)).toBe(-1);
  });
});

describe("readResourceVersion", () => {
  it("reads it behind whatever texts stand before it", () => {
    const line = aLine({}, { name: "a.1", generateName: "a.", namespace: "shop", uid: "u", resourceVersion: "77" });
    expect(readResourceVersion(line, findMetadata(line))).toBe("77");
  });

  it.each<[string, Record<string, unknown>]>([
    ["a label", { name: "a.1", labels: { resourceVersion: "1" } }],
    ["a name that needs escapes", { name: 'a","resourceVersion":"1', resourceVersion: "77" }],
    ["an empty one", { name: "a.1", resourceVersion: "" }],
    ["a number", { name: "a.1", resourceVersion: 77 }],
    ["none", { name: "a.1" }],
  ])("does not take for it %s", (_what, metadata) => {
    const line = aLine({}, metadata);
    expect(readResourceVersion(line, findMetadata(line))).toBeNull();
  });
});

describe("readNamespace", () => {
  it("reads the Event's own, not its object's", () => {
    const line = aLine({ involvedObject: { kind: "Pod", namespace: "test" } }, { ...METADATA, generateName: "a." });
    expect(readNamespace(line, findMetadata(line))).toBe("shop");
  });

  it.each<[string, Record<string, unknown>]>([
    ["a label", { name: "a.1", labels: { namespace: "x" } }],
    ["a part of a name", { name: 'a","namespace":"x', namespace: "shop" }],
    ["none", { name: "a.1", uid: "u" }],
  ])("does not take for it %s", (_what, metadata) => {
    const line = aLine({}, metadata);
    expect(readNamespace(line, findMetadata(line))).toBeNull();
  });
});

describe("readAbout", () => {
  it("reads kind, namespace and reason past a message that looks like them", () => {
    const message = '},"involvedObject":{"kind":"Node","namespace":"x"},"reason":"Killing"';
    const line = aLine({ message });
    expect(readAbout(line, findMetadata(line))).toEqual({ kind: "Pod", namespace: "default", reason: "BackOff" });
  });

  it("says when the object names no namespace", () => {
    const line = aLine({ involvedObject: { kind: "Node", name: "pi-1" } });
    expect(readAbout(line, findMetadata(line))).toEqual({ kind: "Node", namespace: null, reason: "BackOff" });
  });
});
