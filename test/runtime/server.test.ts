import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { startServer, type Condition, type Server } from "../../src/runtime/server.ts";

const LISTEN = { host: "127.0.0.1", port: 0 };

const fine = (): Condition => ({ ok: true, details: {} });

async function serve(parts: { health?: () => Condition; readiness?: () => Condition } = {}): Promise<{
  server: Server;
  ask: (path: string, method?: string) => Promise<Response>;
}> {
  const metrics = createMetrics();
  metrics.events.inc({ outcome: "matched" }, 3);
  const server = await startServer({ listen: LISTEN, health: fine, readiness: fine, metrics, ...parts });
  onTestFinished(() => server.close());
  return { server, ask: (path, method = "GET") => fetch(`http://127.0.0.1:${server.port}${path}`, { method }) };
}

test("answers 200 while all is well and 503 with the reason when not, asked anew each time", async () => {
  let ok = true;
  const { ask } = await serve({ health: () => ({ ok, details: { watchSilentMs: 7 } }) });
  const well = await ask("/healthz");
  expect(well.status).toBe(200);
  expect(well.headers.get("content-type")).toBe("application/json");
  expect(await well.json()).toEqual({ ok: true, watchSilentMs: 7 });
  ok = false;
  const ill = await ask("/healthz");
  expect(ill.status).toBe(503);
  expect(await ill.json()).toEqual({ ok: false, watchSilentMs: 7 });
  expect((await ask("/readyz")).status).toBe(200);
});

test("tells readiness apart from health", async () => {
  const { ask } = await serve({ readiness: () => ({ ok: false, details: { watch: { synced: false } } }) });
  expect((await ask("/healthz")).status).toBe(200);
  const answer = await ask("/readyz?verbose=1");
  expect(answer.status).toBe(503);
  expect(await answer.text()).toBe('{"ok":false,"watch":{"synced":false}}\n');
});

test("serves the metrics as Prometheus text", async () => {
  const { ask } = await serve();
  const answer = await ask("/metrics");
  expect(answer.headers.get("content-type")).toContain("text/plain");
  expect(await answer.text()).toContain('kubewhen_events_total{outcome="matched"} 3');
});

test("knows no other path and takes nothing but reads", async () => {
  const { ask } = await serve();
  expect((await ask("/")).status).toBe(404);
  expect((await ask("/healthz/")).status).toBe(404);
  for (const method of ["POST", "PUT", "DELETE"]) {
    const answer = await ask("/healthz", method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  }
  const head = await ask("/healthz", "HEAD");
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
});

test("says which address it cannot have", async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void squatter.close());
  const address = squatter.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const starting = startServer({
    listen: { host: "127.0.0.1", port },
    health: fine,
    readiness: fine,
    metrics: createMetrics(),
  });
  await expect(starting).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
});

test("closes at once though a probe keeps its connection open", async () => {
  const { server, ask } = await serve();
  await (await ask("/healthz")).text();
  await server.close();
  await expect(ask("/healthz")).rejects.toThrow("fetch failed");
});
