import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { CompileFailed, RefusedInputs, type Compiled } from "../src/compile.ts";
import { createConfigLoader } from "../src/config/config.ts";
import type { Refusal } from "../src/health.ts";
import { loadRules } from "../src/language/load.ts";
import { createReloader, firstInForce, type InForce, type Reloader } from "../src/reloader.ts";
import { StorageError } from "../src/runtime/database.ts";
import { createMetrics, type Metrics } from "../src/runtime/metrics.ts";
import { createRedactor } from "../src/runtime/secret.ts";
import { aLogger } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { sumOf } from "./support/metric-values.ts";

const loadConfig = await createConfigLoader();

const RULES = "told: when type=Warning notify dump\n";
const OTHER_RULES = "told: when type=Normal notify dump\n";
const DUMP = { receivers: [{ name: "dump", stdout: {} }] };
const TWO = { receivers: [...DUMP.receivers, { name: "more", stdout: {} }] };

function compiled(rules: string, config: object = DUMP): Compiled {
  const loaded = loadConfig("config.yaml", JSON.stringify(config), {});
  const { ruleSet, diagnostics } = loadRules([{ file: "a.rules", text: rules }], loaded.known);
  return {
    config: loaded.config,
    ruleSet,
    rulesUnreadable: null,
    diagnostics: [...loaded.diagnostics, ...diagnostics],
  };
}

function inForce(rules: string, config: object = DUMP): InForce {
  const { config: sound, ruleSet } = compiled(rules, config);
  if (!sound || !ruleSet) throw new Error("these inputs have mistakes");
  return { config: sound, ruleSet };
}

let clock: FakeClock;
let metrics: Metrics;
let lines: readonly string[];
/** What was swapped, in order. */
let swaps: string[];
let selectionChanges: boolean;
let lastGoodError: Error | null;
let deliveriesReady: Promise<void>;
let told: (Refusal | string | null)[];
/** The next answers of the compiler; the last one stays. */
let answers: (() => Promise<Compiled>)[];
let compiles: number;
let reloader: Reloader;
let change: () => void;
let running: Promise<void>;
let stopping: AbortController;

beforeEach(() => {
  clock = createFakeClock(NOON);
  metrics = createMetrics();
  [swaps, told, answers] = [[], [], [() => Promise.resolve(compiled(RULES))]];
  [selectionChanges, lastGoodError, deliveriesReady, compiles] = [false, null, Promise.resolve(), 0];
  const { logger, lines: written } = aLogger(createRedactor());
  lines = written;
  reloader = createReloader({
    compile(signal) {
      compiles += 1;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return Promise.race([
        answer?.() ?? Promise.reject(new Error("no answer")),
        new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
      ]);
    },
    words: { use: () => swaps.push("words") },
    evaluator: { use: () => swaps.push("rules") },
    selection: {
      use() {
        swaps.push("selection");
        return selectionChanges;
      },
    },
    lastGood: {
      save() {
        swaps.push("last good");
        if (lastGoodError) throw lastGoodError;
      },
    },
    watch: { restart: () => swaps.push("watch") },
    deliveries: {
      async use() {
        swaps.push("receivers");
        await deliveriesReady;
        swaps.push("receivers ready");
      },
    },
    health: {
      refuse(refusal) {
        swaps.push("health");
        told.push(refusal);
      },
      accept(warning) {
        swaps.push("health");
        told.push(warning);
      },
    },
    clock,
    logger,
    metrics,
  });
  stopping = new AbortController();
  const queue: (() => void)[] = [];
  let pending = 0;
  change = (): void => {
    pending += 1;
    queue.shift()?.();
  };
  running = reloader.run(
    {
      async next() {
        if (pending === 0 && !stopping.signal.aborted) await new Promise<void>((resolve) => queue.push(resolve));
        if (stopping.signal.aborted) return { done: true, value: undefined };
        pending -= 1;
        return { done: false, value: true };
      },
    },
    stopping.signal,
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    change();
    await running;
  };
  onTestFinished(() => stop().catch(() => {}));
});

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> => clock.advance(0);

async function begun(): Promise<void> {
  await reloader.begin(inForce(RULES), null);
  swaps.length = 0;
  told.length = 0;
}

async function reload(answer: Compiled | Error): Promise<void> {
  answers = [() => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer))];
  change();
  await settle();
  await settle();
}

describe("the first inputs", () => {
  test("are put in force in order, without a watch to restart", async () => {
    selectionChanges = true;
    await reloader.begin(inForce(RULES), null);
    expect(swaps).toEqual(["words", "rules", "selection", "last good", "receivers", "receivers ready", "health"]);
    expect(told).toEqual([null]);
    expect(await sumOf(metrics.rulesLoaded)).toBe(1);
    expect(await sumOf(metrics.reloads)).toBe(0);
  });

  test("are shown as older ones where the newest were refused", async () => {
    const refusal = { diagnostics: [], detail: "cannot read rules from x" };
    await reloader.begin(inForce(RULES), refusal);
    expect(told).toEqual([refusal]);
    expect(await sumOf(metrics.reloadRefused)).toBe(1);
  });

  test("are the ones of the files where these are in order", () => {
    const both = compiled(RULES);
    let asked = 0;
    const started = firstInForce(both, inForce(RULES).config, () => {
      asked += 1;
      return null;
    });
    expect(started).toEqual({ first: { config: both.config, ruleSet: both.ruleSet }, refusal: null });
    expect(asked).toBe(0);
  });

  test.each<[name: string, newest: () => Compiled, detail: RegExp]>([
    ["have mistakes", () => compiled("when knd=Pod notify dump"), /^$/],
    ["were emptied", () => compiled("# nothing\n"), /^the rules hold no statement/],
    [
      "cannot be read",
      () => ({ ...compiled(RULES), ruleSet: null, rulesUnreadable: "cannot read x" }),
      /^cannot read x$/,
    ],
  ])("are the last good ones where the rules %s", (_name, make, detail) => {
    const newest = make();
    const { config, ruleSet } = inForce(OTHER_RULES);
    const started = firstInForce(newest, config, () => ruleSet);
    expect(started.first.ruleSet).toBe(ruleSet);
    expect(started.refusal?.diagnostics).toBe(newest.diagnostics);
    expect(started.refusal?.detail ?? "").toMatch(detail);
  });

  test("are not the last good ones if these name what is gone", () => {
    const broken = compiled("when knd=Pod notify dump");
    const { config } = inForce(RULES);
    const gone = inForce("when type=Normal notify more", TWO).ruleSet;
    const lost = inForce("when type=Normal using card notify dump", { ...DUMP, templates: { card: "x" } }).ruleSet;
    for (const kept of [gone, lost, null])
      expect(() => firstInForce(broken, config, () => kept)).toThrow(RefusedInputs);
    const dropped = inForce("drop when type=Normal").ruleSet;
    expect(firstInForce(broken, config, () => dropped).first.ruleSet).toBe(dropped);
  });

  test("may hold no statement where there never were others, and cannot be missing", () => {
    const { config } = inForce(RULES);
    const empty = compiled("");
    expect(firstInForce(empty, config, () => null)).toEqual({
      first: { config, ruleSet: empty.ruleSet },
      refusal: null,
    });
    const missing = { ...empty, ruleSet: null, rulesUnreadable: "cannot read rules from x" };
    expect(() => firstInForce(missing, config, () => null)).toThrow(CompileFailed);
    expect(() => firstInForce(missing, config, () => null)).toThrow("cannot read rules from x; name them with --rules");
  });
});

describe("a reload", () => {
  test("swaps everything in order, the receivers last", async () => {
    await begun();
    selectionChanges = true;
    await reload(compiled(OTHER_RULES, TWO));
    expect(swaps).toEqual([
      "words",
      "rules",
      "selection",
      "last good",
      "watch",
      "receivers",
      "receivers ready",
      "health",
    ]);
    expect(told).toEqual([null]);
    expect(await sumOf(metrics.reloads, { outcome: "accepted" })).toBe(1);
    expect(await sumOf(metrics.reloadRefused)).toBe(0);
  });

  test("leaves a watch alone whose selection stays, and receivers that stay", async () => {
    await begun();
    await reload(compiled(OTHER_RULES));
    expect(swaps).toEqual(["words", "rules", "selection", "last good", "health"]);
  });

  test("swaps in one turn all that an Event is decided by", async () => {
    await begun();
    selectionChanges = true;
    const ready = Promise.withResolvers<void>();
    deliveriesReady = ready.promise;
    let seen: readonly string[] = [];
    answers = [
      () => {
        // Runs in the turn after the one in which the compiler's answer is taken.
        queueMicrotask(() => setImmediate(() => (seen = [...swaps])));
        return Promise.resolve(compiled(OTHER_RULES, TWO));
      },
    ];
    change();
    await settle();
    await settle();
    expect(seen).toEqual(["words", "rules", "selection", "last good", "watch", "receivers"]);
    expect(told).toEqual([]);
    ready.resolve();
    await settle();
    expect(told).toEqual([null]);
  });

  test("swaps nothing of inputs with a mistake, and says which", async () => {
    await begun();
    await reload(compiled("when knd=Pod notify dump", TWO));
    expect(swaps).toEqual(["health"]);
    expect(told).toMatchObject([{ diagnostics: [{ code: "E201" }], detail: null }]);
    expect(await sumOf(metrics.reloads, { outcome: "refused" })).toBe(1);
    expect(await sumOf(metrics.reloadRefused)).toBe(1);
    expect(lines.join("\n")).toContain("unknown field `knd`");

    await reload(compiled(RULES, { receivers: [] }));
    expect(swaps).toEqual(["health", "health"]);
    await reload(compiled(OTHER_RULES));
    expect(swaps).toContain("rules");
    expect(await sumOf(metrics.reloadRefused)).toBe(0);
  });

  test("refuses rules that somebody emptied, and takes rules that notify nobody on purpose", async () => {
    await begun();
    await reload(compiled("# nothing\n"));
    expect(swaps).toEqual(["health"]);
    expect(told).toMatchObject([{ detail: expect.stringContaining("the rules hold no statement") as string }]);
    await reload(compiled("drop when type=Normal"));
    expect(swaps).toContain("rules");
    expect(told.at(-1)).toBe("no rule notifies anybody");
    expect(lines.at(-1)).toContain("no rule notifies anybody");
  });

  test("goes on when the disk does not take the last good rules", async () => {
    await begun();
    lastGoodError = new StorageError("full", "the disk is full");
    await reload(compiled(OTHER_RULES, TWO));
    expect(swaps.at(-1)).toBe("health");
    expect(lines.join("\n")).toContain("cannot keep these rules on disk");
  });

  test("ends the engine for a bug", async () => {
    await begun();
    await Promise.all([expect(running).rejects.toThrow("a bug"), reload(new TypeError("a bug"))]);
  });
});

describe("inputs that come to no answer", () => {
  const killed = new CompileFailed("the compiler was killed by SIGKILL");

  test("are told and tried again after 5 s, then 10 s, then at most 5 min, without a change", async () => {
    await begun();
    await reload(killed);
    expect(told).toEqual([{ diagnostics: [], detail: "the compiler was killed by SIGKILL" }]);
    expect(compiles).toBe(1);
    for (const [tries, pauseMs] of [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000].entries()) {
      await clock.advance(pauseMs - 1);
      expect(compiles).toBe(tries + 1);
      await clock.advance(1);
      expect(compiles).toBe(tries + 2);
    }

    answers = [() => Promise.resolve(compiled(OTHER_RULES))];
    await clock.advance(300_000);
    expect(told.at(-1)).toBeNull();
    expect(await sumOf(metrics.reloadRefused)).toBe(0);
    const tries = compiles;
    await clock.advance(3_600_000);
    expect(compiles).toBe(tries);
  });

  test("are tried at once when they change, and the pauses begin anew", async () => {
    await begun();
    await reload(killed);
    await clock.advance(5_000);
    await clock.advance(5_000);
    expect(compiles).toBe(2);
    await reload(killed);
    expect(compiles).toBe(3);
    await clock.advance(5_000);
    expect(compiles).toBe(4);
  });

  test("are tried again too when it is the rules that cannot be read", async () => {
    await begun();
    await reload({ ...compiled(RULES), ruleSet: null, rulesUnreadable: "cannot read rules from x" });
    expect(told).toMatchObject([{ detail: "cannot read rules from x" }]);
    await clock.advance(5_000);
    expect(compiles).toBe(2);
  });

  test("hold nothing up when the engine is told to stop", async () => {
    await begun();
    answers = [() => new Promise<Compiled>(() => {})];
    change();
    await settle();
    expect(compiles).toBe(1);
    stopping.abort();
    change();
    await running;
    expect(told).toEqual([]);
    expect(clock.sleepers()).toBe(0);
  });

  test("do not keep a stop waiting while they wait for their next try", async () => {
    await begun();
    await reload(killed);
    stopping.abort();
    change();
    await running;
    expect(clock.sleepers()).toBe(0);
  });
});
