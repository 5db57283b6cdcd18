import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFeishuBot, type FeishuBot } from "../../src/emulator/feishu-bot.ts";
import { printCard } from "../../src/demo/printed-card.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { expectNoSecret } from "../support/no-secret.ts";
import type { Cluster, EventToWrite } from "./cluster.ts";
import { install, until, type Installation, type Program } from "./program.ts";

const SIGN_SECRET = "flow-sign-secret-4711";
const TOKEN = "0f0f0f0f-1111-2222-3333-444444444444";

/** The parts a flow starts, each with the end of the test. */
export interface Flow<C extends Cluster> {
  readonly cluster: C;
  readonly bot: FeishuBot;
  readonly start: (rules: string, config?: Readonly<Record<string, unknown>>) => Promise<Program>;
  /** Starts the same installation once more. */
  readonly again: () => Promise<Program>;
  readonly writeRules: (text: string) => void;
  /** Waits until the bot has taken this many cards, and answers what they show. */
  readonly cards: (count: number) => Promise<readonly string[]>;
  /** The same after a while in which more could have come. */
  readonly cardsInTheEnd: (program: Program) => Promise<readonly string[]>;
}

let serial = 0;

/** An Event of now about a Pod of its own. */
export function anEventToWrite(parts: Partial<EventToWrite> = {}): EventToWrite {
  serial += 1;
  const now = Date.now();
  const object = parts.object ?? `web-${process.pid}-${serial}`;
  return {
    name: `${object}.${now.toString(16)}${serial}`,
    type: "Warning",
    reason: "BackOff",
    kind: "Pod",
    object,
    message: "Back-off restarting failed container",
    count: 1,
    firstSeenAt: now,
    lastSeenAt: now,
    ...parts,
  };
}

function aChangeOf(object: string): EventToWrite {
  return anEventToWrite({ kind: "ConfigMap", object, reason: "Changed" });
}

/** Everything in the files of a folder, as text that keeps each byte. */
function bytesBelow(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n");
}

/** Sets up a cluster, a signed bot and what a test starts, and takes all of it down. */
export function useFlow<C extends Cluster>(startCluster: () => Promise<C>): () => Flow<C> {
  let flow: Flow<C> | null = null;
  let programs: Program[] = [];
  let installation: Installation | null = null;

  beforeEach(async () => {
    const cluster = await startCluster();
    const bot = await startFeishuBot({ clock: systemClock, token: TOKEN, settings: { secret: SIGN_SECRET } });
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- it is about this test's installation
    const started = async (): Promise<Program> => {
      if (!installation) throw new Error("nothing is installed");
      const program = await installation.start();
      programs.push(program);
      return program;
    };
    const shown = (): string[] => bot.accepted().map((body) => printCard(body, "", false));
    flow = {
      cluster,
      bot,
      start(rules, config) {
        installation = install({ kubeconfig: cluster.kubeconfig, bot, rules, ...(config ? { config } : {}) });
        return started();
      },
      again: started,
      writeRules: (text) => installation?.writeRules(text),
      cards: (count) => until(`${count} cards`, () => (shown().length >= count ? shown() : null)),
      async cardsInTheEnd(program) {
        // Whatever was written so far has been decided once an Event written after it has.
        const marker = anEventToWrite({ reason: "FlowMarker", type: "Normal" });
        const before = await program.metric("kubewhen_events_received_total");
        await cluster.create(marker);
        await until("the marker", async () => (await program.metric("kubewhen_events_received_total")) > before);
        await until("an empty outbox", async () => (await program.metric("kubewhen_outbox_entries_waiting")) === 0);
        return shown();
      },
    };
  });

  afterEach(async () => {
    for (const program of programs) await program.stop();
    expectNoSecret([TOKEN, SIGN_SECRET], {
      output: programs.map((program) => program.output()).join("\n"),
      outbox: installation ? bytesBelow(installation.path("outbox")) : "",
    });
    installation?.remove();
    await flow?.bot.close();
    await flow?.cluster.close();
    programs = [];
  });

  return () => {
    if (!flow) throw new Error("only inside a test");
    return flow;
  };
}

/** Rules that let the marker through to the engine, so that `cardsInTheEnd` can see it pass. */
const MARKED =
  "\ndrop when reason=FlowMarker and count>1000000\nflow-marker: when reason=FlowMarker rate>=1000/1m rate<1/1d notify feishu\n";

/** What must hold against every API server, emulated or real. */
export function describeFlow(name: string, startCluster: () => Promise<Cluster>): void {
  describe(`an Event on its way from ${name} to Feishu`, () => {
    const flow = useFlow(startCluster);

    test("becomes a signed card that says what happened, where and in which cluster", async () => {
      const { cluster, start, cards } = flow();
      await start("when type=Warning and kind=Pod rate<5/10m notify feishu");
      await cluster.create(anEventToWrite({ object: "web-7d4b9c6f5-x2x8z", message: "Back-off restarting web" }));
      const [card] = await cards(1);
      for (const text of ["家里测试 K3S", "BackOff", "web-7d4b9c6f5-x2x8z", "default", "pi-1", "restarting web"]) {
        expect(card).toContain(text);
      }
    });

    test("is told at most so often, counted by its count, and once for each repeat", async () => {
      const { cluster, start, cards, cardsInTheEnd } = flow();
      const program = await start(`often: when reason=BackOff rate>=5/10m rate<1/1h notify feishu${MARKED}`);
      const event = anEventToWrite({ count: 2 });
      await cluster.create(event);
      await cluster.update({ ...event, count: 4 });
      expect(await cardsInTheEnd(program)).toHaveLength(0);
      await cluster.update({ ...event, count: 9 });
      await cards(1);
      await cluster.update({ ...event, count: 30 });
      await cluster.update({ ...event, count: 30, message: "the same count is no occurrence" });
      expect(await cardsInTheEnd(program)).toHaveLength(1);
      const suppressed = (why: string): Promise<number> =>
        program.metric("kubewhen_matches_suppressed_total", 'rule="often"', `why="${why}"`);
      expect(await suppressed("threshold")).toBe(2);
      expect(await suppressed("throttle")).toBe(1);
    });

    test("is the same Event when it comes through events.k8s.io", async () => {
      const { cluster, start, cards } = flow();
      await start("when reason=FailedScheduling and component=default-scheduler notify feishu");
      await cluster.createSeries(anEventToWrite({ reason: "FailedScheduling", message: "0/3 nodes are available" }));
      const [card] = await cards(1);
      expect(card).toContain("FailedScheduling");
    });

    test("mentions nobody and breaks nothing, whatever its text says", async () => {
      const { cluster, bot, start, cards } = flow();
      await start("when reason=Hostile notify feishu");
      const message = '<at id=all></at> "quoted" \\ \u001b[31mred</font> line\ntwo [x](https://evil.test) `code` ';
      await cluster.create(anEventToWrite({ reason: "Hostile", message: message + "长".repeat(200) }));
      const [card] = await cards(1);
      expect(bot.requests().flatMap((request) => request.mentions)).toEqual([]);
      expect(card).toContain("quoted");
      expect(bot.requests().every(({ bytes }) => bytes <= 20_000)).toBe(true);
    });

    test("that lay in the cluster for long before the start is history and notifies nobody", async () => {
      const { cluster, start, cardsInTheEnd } = flow();
      const hourAgo = Date.now() - 3_600_000;
      await cluster.create(anEventToWrite({ message: "old", firstSeenAt: hourAgo, lastSeenAt: hourAgo }));
      await cluster.create(anEventToWrite({ message: "fresh" }));
      const program = await start(`when reason=BackOff notify feishu${MARKED}`);
      const told = await cardsInTheEnd(program);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain("fresh");
    });

    test("is neither repeated nor forgotten by an engine that was killed and comes back", async () => {
      const { cluster, start, again, cards, cardsInTheEnd } = flow();
      const first = await start(`when reason=BackOff notify feishu${MARKED}`);
      const event = anEventToWrite({ message: "before the kill" });
      await cluster.create(event);
      await cards(1);
      // Between the bot's answer and the note of it lies a moment in which a kill means a second card.
      await until("a delivery on disk", () => first.metric("kubewhen_outbox_entries_total", "delivered"));
      await first.kill();
      await cluster.create(anEventToWrite({ message: "while it was away" }));
      const second = await again();
      const told = await cardsInTheEnd(second);
      expect(told).toHaveLength(2);
      expect(told[1]).toContain("while it was away");
      await cluster.update({ ...event, count: 2, message: "after it came back" });
      expect(await cards(3)).toHaveLength(3);
    });

    test("may be decided by a label of its object, looked up once", async () => {
      const { cluster, start, cardsInTheEnd } = flow();
      await cluster.createConfigMap("labelled", { team: "edge" });
      await cluster.createConfigMap("other", { team: "core" });
      const program = await start(`when kind=ConfigMap and label.team=edge notify feishu${MARKED}`);
      await cluster.create(aChangeOf("other"));
      await cluster.create(aChangeOf("labelled"));
      await cluster.create(aChangeOf("labelled"));
      await cluster.create(aChangeOf("missing"));
      await until("all look-ups", async () => (await program.metric("kubewhen_object_lookups_total")) === 3);
      await until("the matches", async () => (await program.metric("kubewhen_matches_total")) >= 2);
      const told = await cardsInTheEnd(program);
      expect(told).toHaveLength(2);
      for (const card of told) expect(card).toContain("labelled");
      expect(await program.metric("kubewhen_object_lookups_total", "missing")).toBe(1);
    });

    test("meets changed rules without a restart, and a set with errors not at all", async () => {
      const { cluster, start, writeRules, cards } = flow();
      const program = await start(`first: when reason=First notify feishu${MARKED}`);
      writeRules("second: when reasn=Second notify feishu\n");
      await until("the refusal", async () => (await program.readiness()).body.includes("E201"));
      expect(await program.metric("kubewhen_reload_refused")).toBe(1);
      await cluster.create(anEventToWrite({ reason: "First" }));
      await cards(1);
      writeRules(`second: when reason=Second notify feishu${MARKED}`);
      await until("the new rules", async () => (await program.metric("kubewhen_reload_refused")) === 0);
      await cluster.create(anEventToWrite({ reason: "First" }));
      await cluster.create(anEventToWrite({ reason: "Second" }));
      const told = await cards(2);
      expect(told[1]).toContain("Second");
    });

    test("leaves balanced ledgers behind, and the program in good order", async () => {
      const { cluster, start, cardsInTheEnd } = flow();
      const program = await start(
        `drop when reason=Dropped\nwhen reason=BackOff rate<1/1h by none notify feishu${MARKED}`,
      );
      for (const reason of ["BackOff", "BackOff", "Dropped", "Other"]) await cluster.create(anEventToWrite({ reason }));
      await cardsInTheEnd(program);
      const received = await program.metric("kubewhen_events_received_total");
      expect(await program.metric("kubewhen_events_total")).toBe(received);
      const made = await program.metric("kubewhen_matches_total");
      expect(await program.metric("kubewhen_match_outcomes_total")).toBe(made);
      const written = await program.metric("kubewhen_outbox_entries_written_total");
      const ended = await program.metric("kubewhen_outbox_entries_total");
      expect(ended + (await program.metric("kubewhen_outbox_entries_waiting"))).toBe(written);
      expect((await fetch(`${program.baseUrl}/healthz`)).status).toBe(200);
      expect(await program.stop()).toBe(0);
    });
  });
}
