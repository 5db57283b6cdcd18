import { expect, test } from "vitest";
import { createObjectReader } from "../../src/collect/object-reader.ts";
import { KubeUnreachable, type KubeApi } from "../../src/runtime/kube.ts";
import { anEvent } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

test("gives all requests that one object takes the same time together", async () => {
  const clock = createFakeClock(0);
  const timeouts: (number | undefined)[] = [];
  const api: Pick<KubeApi, "request"> = {
    async request(_path, { timeoutMs }) {
      timeouts.push(timeoutMs);
      if (timeouts.length === 2) throw new KubeUnreachable("no answer", { silent: true });
      await clock.sleep(3_000);
      const kinds = { resources: [{ kind: "Widget", name: "widgets", namespaced: true }] };
      return { status: 200, headers: {}, body: (async function* () {})(), text: async () => JSON.stringify(kinds) };
    },
  };
  const read = createObjectReader({ api, clock, timeoutMs: 5_000 });
  const reading = read(anEvent({ involvedObject: { apiVersion: "apps.example/v1", kind: "Widget" } }).involvedObject);
  await clock.advance(3_000);
  expect(await reading).toEqual({ outcome: "failed" });
  expect(timeouts).toEqual([5_000, 2_000]);
});
