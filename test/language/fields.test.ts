import { expect, test } from "vitest";
import {
  containerOf,
  FIELD_ALIASES,
  FIELD_NAMES,
  fieldText,
  findField,
  readText,
  workloadOf,
} from "../../src/language/fields.ts";
import { anEvent } from "../support/events.ts";

test.each([
  ["Deployment", "web-6d4cf56db6-x7fhk", "web"],
  ["Deployment with a dash", "node-web-5f4bcf56d-x7fhk", "node-web"],
  ["DaemonSet", "svclb-traefik-z9q2w", "svclb-traefik"],
  ["StatefulSet", "redis-0", "redis"],
  ["StatefulSet with a large ordinal", "redis-12", "redis"],
  ["CronJob", "backup-28391234-x7fhk", "backup"],
  ["bare Pod", "my-proxy", "my-proxy"],
  ["vowels are never random", "web-cache", "web-cache"],
  ["no name before the tail", "x7fhk", "x7fhk"],
  ["a leading zero is no ordinal", "db-007", "db-007"],
])("workload of a Pod, %s: %s", (_what, name, workload) => {
  expect(workloadOf("Pod", name)).toBe(workload);
});

test("the workload of another kind is its own name", () => {
  expect(workloadOf("Node", "pi-1")).toBe("pi-1");
});

test.each([
  ["spec.containers{app}", "app"],
  ["spec.initContainers{migrate}", "migrate"],
  ["spec.ephemeralContainers{debug}", "debug"],
  ["spec.containers[2]", ""],
  ["", ""],
])("container of %s", (fieldPath, container) => {
  expect(containerOf(fieldPath)).toBe(container);
});

test.each([...FIELD_NAMES, ...FIELD_ALIASES.keys(), "label.app.kubernetes.io/name", "annotation.x"])(
  "%s finds a field, and the field's own text finds it again",
  (name) => {
    const ref = findField(name, null);
    expect(ref).not.toBeNull();
    expect(ref && findField(fieldText(ref), null)).toEqual(ref);
  },
);

test.each([
  "label",
  "label.",
  "annotation",
  "Kind",
  "involvedObject",
  "involvedObject.reason",
  "constructor",
  "nosuch",
])("%s is no field", (name) => {
  expect(findField(name, null)).toBeNull();
});

test("reads labels and annotations of the object, and nothing of the prototype", () => {
  const meta = { labels: { "a/b": "c" }, annotations: { note: "n" } };
  const context = { now: 0, meta };
  const event = anEvent();
  expect(readText({ kind: "label", key: "a/b" }, event, context)).toBe("c");
  expect(readText({ kind: "annotation", key: "note" }, event, context)).toBe("n");
  expect(readText({ kind: "label", key: "constructor" }, event, context)).toBe("");
  expect(readText({ kind: "label", key: "a/b" }, event, { ...context, meta: null })).toBe("");
  expect(readText({ kind: "text", name: "cluster" }, anEvent({ cluster: "edge" }), context)).toBe("edge");
});

test("age is what lies between last seen and now, and never negative", () => {
  const event = anEvent({ lastSeenAt: 1000 });
  const ref = { kind: "number", name: "age" } as const;
  expect(readText(ref, event, { now: 4000, meta: null })).toBe("3000");
  expect(readText(ref, event, { now: 0, meta: null })).toBe("0");
});
