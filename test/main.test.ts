import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { CompileFailed, RefusedInputs, type Compiled } from "../src/compile.ts";
import { createScaledClock } from "../src/demo/scaled-clock.ts";
import { createApiServer, type ApiServer } from "../src/emulator/api-server.ts";
import { runEngine } from "../src/main.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { createMetrics } from "../src/runtime/metrics.ts";
import { createRedactor } from "../src/runtime/secret.ts";
import { until } from "./flow/program.ts";
import { coreEvent } from "./flow/cluster.ts";
import { anEventToWrite } from "./flow/flow-suite.ts";
import { compiledInputs } from "./support/inputs.ts";
import { aFolder, aLogger } from "./support/delivery.ts";
import { sumOf } from "./support/metric-values.ts";

const GOOD = "told: when type=Warning notify dump\n";
const BROKEN = "when knd=Pod notify dump\n";

let folder: string;
let server: ApiServer;

beforeEach(async () => {
  folder = aFolder();
  server = await createApiServer();
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig());
  writeConfig();
  writeRules(GOOD);
  return () => server.close();
});

function writeConfig(parts: object = {}): void {
  const config = {
    cluster: "home",
    receivers: [{ name: "dump", stdout: {} }],
    outbox: { path: join(folder, "outbox") },
    server: { listen: "127.0.0.1:0" },
    ...parts,
  };
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(config));
}

function writeRules(text: string): void {
  writeFileSync(join(folder, "some.rules"), text);
}

interface Running {
  readonly printed: readonly Readonly<Record<string, unknown>>[];
  readonly lines: readonly string[];
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  readiness(): Promise<string>;
}

/** The engine in this process, on a clock on which files are looked at every few milliseconds. */
function start(compile?: () => Promise<Compiled>): Running & { readonly started: Promise<number> } {
  const redactor = createRedactor();
  const { logger, lines } = aLogger(redactor);
  const [configPath, rulesPath] = [join(folder, "config.yaml"), join(folder, "some.rules")];
  const printed: Readonly<Record<string, unknown>>[] = [];
  const metrics = createMetrics();
  const stopping = new AbortController();
  const { promise: started, resolve: onStarted } = Promise.withResolvers<number>();
  const fast = createScaledClock(Date.now(), 50);
  fast.start();
  // Events bear the machine's time.
  const clock = { ...fast, now: () => Date.now() };
  const ended = runEngine(
    {
      inputPaths: [configPath, rulesPath],
      compile: compile ?? (() => compiledInputs({ configPath, rulesPath, env: {} })),
      kubeconfig: join(folder, "kubeconfig"),
      clock,
      networkClock: systemClock,
      logger,
      metrics,
      redactor,
      print: (line) => printed.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
      onStarted,
    },
    stopping.signal,
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  onTestFinished(() => stop().catch(() => {}));
  const readiness = async (): Promise<string> => (await fetch(`http://127.0.0.1:${await started}/readyz`)).text();
  return { printed, lines, metrics, ended, stop, started, readiness };
}

const tell = (reason = "BackOff"): unknown => server.events.create(coreEvent(anEventToWrite({ reason })));
const reloads = ({ metrics }: Running, outcome: string): Promise<number> => sumOf(metrics.reloads, { outcome });

describe("the engine", () => {
  test("starts, tells, and stops in good order", async () => {
    const engine = start();
    await engine.started;
    tell();
    await until("a line", () => engine.printed.length === 1);
    expect(engine.printed[0]).toMatchObject({ cluster: "home", rule: "told", reason: "BackOff" });
    expect(await sumOf(engine.metrics.rulesLoaded)).toBe(1);
    await engine.stop();
    expect(engine.lines.at(-1)).toContain("kubewhen stopped");
    await expect(engine.readiness()).rejects.toThrow("fetch failed");
  });

  test("stops at once when it is told to before it has started", async () => {
    const compiled = Promise.withResolvers<Compiled>();
    const engine = start(() => compiled.promise);
    const stopped = engine.stop();
    const paths = { configPath: join(folder, "config.yaml"), rulesPath: join(folder, "some.rules") };
    compiled.resolve(await compiledInputs({ ...paths, env: {} }));
    await stopped;
    expect(engine.printed).toEqual([]);
  });

  test("does not start with rules that have errors when none were kept, nor without configuration", async () => {
    writeRules(BROKEN);
    const refused = start().ended;
    await expect(refused).rejects.toThrow(RefusedInputs);
    await expect(refused).rejects.toMatchObject({ diagnostics: [{ code: "E201" }] });
    writeRules(GOOD);
    writeConfig({ receivers: [] });
    await expect(start().ended).rejects.toThrow(RefusedInputs);
  });

  test("passes on why the inputs could not be read, or the address not be had", async () => {
    await expect(start(() => Promise.reject(new CompileFailed("no such file"))).ended).rejects.toThrow(CompileFailed);
    const first = start();
    writeConfig({ server: { listen: `127.0.0.1:${await first.started}` }, outbox: { path: join(folder, "other") } });
    await expect(start().ended).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("keeps its rules when new ones are refused or cannot be read, and takes the next that are in order", async () => {
    const engine = start();
    await engine.started;
    writeRules(BROKEN);
    await until("the refusal", async () => (await reloads(engine, "refused")) === 1);
    expect(await engine.readiness()).toContain("E201 unknown field `knd`");
    expect(await sumOf(engine.metrics.reloadRefused)).toBe(1);
    tell("First");
    await until("a line", () => engine.printed.length === 1);

    writeRules("second: when reason=Second notify dump\n");
    await until("the new rules", async () => (await reloads(engine, "accepted")) === 1);
    expect(await engine.readiness()).toContain('"reload":{"refused":false}');
    expect(await sumOf(engine.metrics.reloadRefused)).toBe(0);
    tell("Third");
    tell("Second");
    await until("a second line", () => engine.printed.length === 2);
    expect(engine.printed[1]).toMatchObject({ rule: "second", reason: "Second" });
  });

  test.each<[what: string, spoil: () => void, said: RegExp]>([
    ["deleted", () => rmSync(join(folder, "some.rules")), /cannot read rules from .*some\.rules: ENOENT/],
    ["emptied", () => writeRules("# nothing\n"), /the rules hold no statement/],
  ])("keeps its rules when the file is %s, over a restart too, and says so", async (_what, spoil, said) => {
    let engine = start();
    await engine.started;
    spoil();
    await until("the refusal", async () => (await reloads(engine, "refused")) >= 1);
    expect(await engine.readiness()).toMatch(said);
    expect(engine.lines.join("\n")).toMatch(said);
    expect(await sumOf(engine.metrics.reloadRefused)).toBe(1);
    tell();
    await until("a line", () => engine.printed.length === 1);
    await engine.stop();

    engine = start();
    await engine.started;
    expect(await engine.readiness()).toMatch(said);
    expect(engine.lines.join("\n")).toMatch(said);
    expect(await sumOf(engine.metrics.reloadRefused)).toBe(1);
    tell();
    await until("a line", () => engine.printed.length === 1);

    writeRules(GOOD);
    await until("the rules", async () => (await reloads(engine, "accepted")) === 1);
    expect(await sumOf(engine.metrics.reloadRefused)).toBe(0);
  });

  test("starts with rules that notify nobody where there never were others, and says so", async () => {
    writeRules("");
    const engine = start();
    await engine.started;
    expect(await engine.readiness()).toContain('"warning":"no rule notifies anybody"');
    expect(engine.lines.join("\n")).toContain("no rule notifies anybody");
  });

  test("does not start without rules to read when none were kept", async () => {
    rmSync(join(folder, "some.rules"));
    await expect(start().ended).rejects.toThrow(/cannot read rules from .*ENOENT.*; name them with --rules/);
  });

  test("tries inputs again that came to no answer, without a change", async () => {
    const paths = { configPath: join(folder, "config.yaml"), rulesPath: join(folder, "some.rules") };
    let fail = false;
    const engine = start(() => {
      if (!fail) return compiledInputs({ ...paths, env: {} });
      fail = false;
      return Promise.reject(new CompileFailed("the compiler was killed by SIGKILL"));
    });
    await engine.started;
    fail = true;
    writeRules("second: when reason=Second notify dump\n");
    await until("the second try", async () => (await reloads(engine, "accepted")) === 1);
    expect(await reloads(engine, "refused")).toBe(1);
    tell("Second");
    await until("a line", () => engine.printed.length === 1);
  });

  test("survives a compiler that fails, and says why", async () => {
    let fail = false;
    const paths = { configPath: join(folder, "config.yaml"), rulesPath: join(folder, "some.rules") };
    const engine = start(() => {
      if (fail) return Promise.reject(new CompileFailed("the compiler was killed by SIGKILL"));
      return compiledInputs({ ...paths, env: {} });
    });
    await engine.started;
    fail = true;
    appendFileSync(paths.rulesPath, "# changed\n");
    await until("the refusal", async () => (await reloads(engine, "refused")) >= 1);
    expect(await engine.readiness()).toContain("killed by SIGKILL");
  });

  test("sees rules that change while the first ones are being compiled", async () => {
    const paths = { configPath: join(folder, "config.yaml"), rulesPath: join(folder, "some.rules") };
    let compiled = 0;
    const engine = start(async () => {
      const answer = await compiledInputs({ ...paths, env: {} });
      if (compiled === 0) writeRules("later: when reason=Later notify dump\n");
      compiled += 1;
      return answer;
    });
    await engine.started;
    await until("the later rules", async () => (await reloads(engine, "accepted")) === 1);
    tell("Later");
    await until("a line", () => engine.printed.length === 1);
    expect(engine.printed[0]).toMatchObject({ rule: "later" });
  });

  test("takes changed receivers at once, and the cluster's name at the next start, saying so", async () => {
    const engine = start();
    await engine.started;
    writeConfig({
      cluster: "away",
      receivers: [
        { name: "dump", stdout: {} },
        { name: "more", stdout: {} },
      ],
    });
    await until("the change", async () => (await reloads(engine, "accepted")) >= 1);
    expect(await engine.readiness()).toContain('"more"');
    expect(engine.lines.filter((line) => line.includes("takes effect at the next start"))).toHaveLength(1);
    tell();
    await until("a line", () => engine.printed.length === 1);
    expect(engine.printed[0]).toMatchObject({ cluster: "home" });
  });

  test("tells under a new selection only what happens after it came into force", async () => {
    const engine = start();
    await engine.started;
    tell();
    await until("a line", () => engine.printed.length === 1);
    server.events.create(
      coreEvent(anEventToWrite({ type: "Normal", reason: "Old", lastSeenAt: Date.now() - 600_000 })),
    );
    writeRules("normal: when type=Normal notify dump\n");
    await until("the new rules", async () => (await reloads(engine, "accepted")) === 1);
    await until("a second list", async () => (await sumOf(engine.metrics.lists)) >= 2);
    server.events.create(coreEvent(anEventToWrite({ type: "Normal", reason: "New" })));
    await until("a second line", () => engine.printed.length === 2);
    expect(engine.printed[1]).toMatchObject({ reason: "New" });
  });

  test("ends when a part of it fails for a bug, instead of going on by halves", async () => {
    let fail = false;
    const paths = { configPath: join(folder, "config.yaml"), rulesPath: join(folder, "some.rules") };
    const engine = start(() => {
      if (fail) return Promise.reject(new TypeError("a bug"));
      return compiledInputs({ ...paths, env: {} });
    });
    await engine.started;
    fail = true;
    appendFileSync(paths.rulesPath, "# changed\n");
    await expect(engine.ended).rejects.toThrow("a bug");
    await expect(engine.readiness()).rejects.toThrow("fetch failed");
    await until("the end of the watch", () => server.openWatches() === 0);
  });
});
