import { expect, test } from "vitest";
import { createMetrics } from "../../src/runtime/metrics.ts";

/** Labels whose values come from rules, receivers and code. None of them names anything in the cluster. */
const CLOSED_LABELS = ["rule", "receiver", "outcome", "why", "direction"];

test("labels come from closed sets, and names tell what is counted and that it is", async () => {
  for (const metric of await createMetrics().registry.getMetricsAsJSON()) {
    expect(metric.name).toMatch(/^kubewhen_[a-z_]+$/);
    expect(metric.name.endsWith("_total")).toBe(String(metric.type) === "counter");
    expect(metric.help).toMatch(/^[A-Z0-9].*\.$/);
  }
  const { registry: _registry, ...all } = createMetrics();
  for (const metric of Object.values(all)) {
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] };
    expect(CLOSED_LABELS).toEqual(expect.arrayContaining([...labelNames]));
  }
});

test("two engines in one process count apart", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.eventsReceived.inc(5);
  expect(await other.registry.metrics()).toContain("kubewhen_events_received_total 0");
});

test("a counter that nothing has happened to is there all the same", async () => {
  const text = await createMetrics().registry.metrics();
  for (const name of ["events_received_total", "throttle_groups_evicted_total", "reload_refused"]) {
    expect(text).toContain(`kubewhen_${name} 0`);
  }
});
