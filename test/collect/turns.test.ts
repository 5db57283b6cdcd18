import { expect, test } from "vitest";
import { createTurns } from "../../src/collect/turns.ts";

const patient = new AbortController().signal;

test("gives out its places and then makes others wait, first come, first served", async () => {
  const turns = createTurns(2);
  await turns.take(patient);
  await turns.take(patient);
  const begun: string[] = [];
  const waits = ["a", "b"].map((name) => turns.take(patient).then(() => begun.push(name)));
  await Promise.resolve();
  expect(begun).toEqual([]);
  expect(turns.waiting()).toBe(2);
  turns.pass();
  turns.pass();
  await Promise.all(waits);
  expect(begun).toEqual(["a", "b"]);
  turns.pass();
  await turns.take(patient);
  expect(turns.waiting()).toBe(0);
});

test("passes over who has given up waiting", async () => {
  const turns = createTurns(1);
  await turns.take(patient);
  const leaving = new AbortController();
  const [left, right] = [turns.take(leaving.signal), turns.take(patient)];
  leaving.abort();
  expect(await left).toBe(false);
  turns.pass();
  expect(await right).toBe(true);
  expect(turns.waiting()).toBe(0);
});

test("gives no place to who gave up before asking, nor takes one back that was given", async () => {
  const turns = createTurns(1);
  const leaving = new AbortController();
  await turns.take(leaving.signal);
  leaving.abort();
  expect(await turns.take(leaving.signal)).toBe(false);
  turns.pass();
  expect(await turns.take(patient)).toBe(true);
});

test("who was given a place keeps it, whatever becomes of the signal it waited with", async () => {
  const turns = createTurns(1);
  const leaving = new AbortController();
  await turns.take(patient);
  const given = turns.take(leaving.signal);
  turns.pass();
  expect(await given).toBe(true);
  leaving.abort();
  const next = turns.take(patient);
  expect(turns.waiting()).toBe(1);
  turns.pass();
  await next;
});
