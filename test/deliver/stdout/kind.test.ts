import { expect, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import { kind } from "../../../src/deliver/stdout/kind.ts";
import type { Alert } from "../../../src/model/alert.ts";
import type { Delivery, Outcome } from "../../../src/model/delivery.ts";
import {
  aDelivery,
  aDigestAlert,
  aDigestLine,
  anAbsentAlert,
  anEventAlert,
  aNoticeAlert,
  aReadyAlert,
  aResolvedAlert,
  aTestAlert,
} from "../../support/alerts.ts";
import { aLogger } from "../../support/delivery.ts";
import { anEvent, NOON } from "../../support/events.ts";
import { anItem, aWorld } from "../../support/world.ts";

const templates = { own: { text: "{{reason}} <{{name}}>" } };
const composer = createComposer({ templates, language: "en", timeZone: "UTC", logger: aLogger().logger });
const signal = new AbortController().signal;

async function printed(alert: Alert, parts: Partial<Delivery> = {}): Promise<string> {
  const world = aWorld();
  const channel = kind.open("dump", {}, world);
  const item = composer.item(aDelivery(alert, { receiver: "dump", ...parts }), kind.dialect);
  expect(await channel.send([item], signal)).toEqual([{ kind: "delivered" }]);
  await channel.close();
  expect(world.lines).toHaveLength(1);
  return world.lines[0] ?? "";
}

test("an Event is one line whose names and order are what scripts rely on", async () => {
  expect(await printed(anEventAlert({ event: anEvent({ message: "a\nb" }), held: { count: 2, since: NOON } }))).toBe(
    '{"time":"2026-11-22T12:00:00.000Z","severity":"warning","rule":"crash-loop","cluster":"家里测试 K3S","type":"Warning","kind":"Pod","namespace":"shop","name":"web-7d9c5b7f6-x2x2x","host":"node-a","reason":"BackOff","message":"a\\nb","count":1,"held":{"count":2,"since":"2026-11-22T12:00:00.000Z"}}',
  );
});

test.each<[string, Alert, object]>([
  ["an end", aResolvedAlert(), { reason: "BackOff", resolved: true, lastedMs: 5_400_000 }],
  ["an absence", anAbsentAlert({ last: null }), { absentMs: 900_000, group: { namespace: "shop", name: "web" } }],
  [
    "a flood",
    aDigestAlert({ rule: null, lines: [aDigestLine()], more: { groups: 811, alerts: 811, occurrences: 899 } }),
    { rule: "crash-loop", flood: { groups: 812, occurrences: 900, since: "2026-11-22T12:00:00.000Z" } },
  ],
  ["a notice", aNoticeAlert({ details: { rules: "oom" } }), { notice: "labels-unknown", details: { rules: "oom" } }],
  ["a test", aTestAlert(), { rule: "send-test", message: "A test of kubewhen for receiver dump. Nothing is wrong." }],
  ["what version 0.1 left", aReadyAlert(), { message: "home · BackOff: as it was" }],
])("%s is one line", async (_what, alert, expected) => {
  expect(JSON.parse(await printed(alert))).toMatchObject(expected);
});

test("a body of version 0.1 made for it, and a layout, are printed as they are", async () => {
  expect(await printed(aReadyAlert({ bodyKind: "stdout", body: '{"a":1}' }))).toBe('{"a":1}');
  const rule = { key: "k", name: "r", template: "own", values: {} };
  const event = anEvent({ involvedObject: { name: "<x>" } });
  expect(await printed(anEventAlert({ rule, event }))).toBe('{"text":"BackOff <<x>>"}');
});

test("the plainest line says it in words", async () => {
  expect(JSON.parse(await printed(anEventAlert(), { plain: 2 }))).toEqual({
    message: expect.stringContaining("BackOff: Warning Pod") as string,
  });
});

test("many lines go at a time, each with an outcome of its own", async () => {
  const answers: (() => Promise<void>)[] = [
    () => Promise.resolve(),
    () => Promise.reject(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" })),
    () => Promise.resolve(),
  ];
  const channel = kind.open("dump", {}, aWorld({ print: () => answers.shift()?.() ?? Promise.resolve() }));
  expect(await channel.send([anItem(), anItem(), anItem()], signal)).toEqual([
    { kind: "delivered" },
    { kind: "retry", reason: "print_failed", detail: "EPIPE", arrived: "perhaps" },
    { kind: "delivered" },
  ]);
  expect(kind).toMatchObject({ local: true, batch: 64 });
});

test("waits until a line is written before it begins the next", async () => {
  const waiting: PromiseWithResolvers<void>[] = [];
  const print = (): Promise<void> => {
    const written = Promise.withResolvers<void>();
    waiting.push(written);
    return written.promise;
  };
  const outcomes: Outcome[] = [];
  const sending = kind
    .open("dump", {}, aWorld({ print }))
    .send([anItem(), anItem()], signal)
    .then((all) => outcomes.push(...all));
  await expect.poll(() => waiting.length).toBe(1);
  waiting[0]?.resolve();
  await expect.poll(() => waiting.length).toBe(2);
  expect(outcomes).toEqual([]);
  waiting[1]?.resolve();
  await sending;
  expect(outcomes).toHaveLength(2);
});

test("ends in the middle of a batch when the engine stops", async () => {
  const stopping = new AbortController();
  const print = (): Promise<void> => {
    stopping.abort();
    return Promise.resolve();
  };
  const channel = kind.open("dump", {}, aWorld({ print }));
  expect(await channel.send([anItem(), anItem()], stopping.signal)).toMatchObject([
    { kind: "delivered" },
    { kind: "retry", reason: "stopped", arrived: "no" },
  ]);
});
