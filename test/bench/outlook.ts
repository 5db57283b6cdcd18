import { createPrefilter } from "../../src/collect/prefilter.ts";
import type { Event } from "../../src/model/event.ts";
import { median, tableRow } from "./figures.ts";
import { createRandom, teamEvents, teamRules } from "./teams.ts";

/** What the byte pre-filter takes for a line at one number of rules. */
export interface OutlookBenchRow {
  /** A cluster's own values; or in every line a reason, or a reason and a namespace, that were never seen before. */
  readonly lines: "known mixes" | "new reasons" | "new reasons, new namespaces";
  readonly rules: number;
  readonly nsPerLine: number;
}

const SIZES: readonly number[] = [10, 100, 1_000, 10_000];
const LINES = 5_000;
const ROUNDS = 9;

/**
 * The time for a line must not follow the number of rules. Until 2026-11 every mix that was not remembered was held
 * against each rule in turn: 0.8 ms a line at 10,000 of these rules.
 */
const BOUND_NS = 20_000;

/** As the API server writes it. */
function lineOf({ type, reason, namespace, message, involvedObject }: Event, i: number): Buffer {
  const object = {
    kind: "Event",
    apiVersion: "v1",
    metadata: { name: `web.${i}`, namespace, uid: `u-${i}`, resourceVersion: String(i + 1) },
    involvedObject: { kind: involvedObject.kind, namespace, name: involvedObject.name },
    reason,
    message,
    source: { component: "kubelet" },
    count: 1,
    type,
    eventTime: null,
    reportingComponent: "kubelet",
    reportingInstance: "pi-1",
  };
  return Buffer.from(JSON.stringify({ type: "ADDED", object }));
}

/** Others in every round: what is new stays new. */
function linesOf(kind: OutlookBenchRow["lines"], rules: number, round: number): readonly Buffer[] {
  const random = createRandom(round);
  return teamEvents(rules, LINES).map((event, i) => {
    const reason = kind === "known mixes" ? event.reason : `Flood${random(2 ** 31)}`;
    const namespace = kind === "new reasons, new namespaces" ? `flood-${random(2 ** 31)}` : event.namespace;
    return lineOf({ ...event, namespace, reason }, i);
  });
}

/** Times the pre-filter alone, at 10 to 10,000 rules. Throws when it takes longer than its bound. */
export function benchOutlook(sizes: readonly number[] = SIZES): readonly OutlookBenchRow[] {
  const kinds: readonly OutlookBenchRow["lines"][] = ["known mixes", "new reasons", "new reasons, new namespaces"];
  const rows = sizes.flatMap((rules) => {
    const skip = createPrefilter({ statements: teamRules(rules) });
    return kinds.map((lines): OutlookBenchRow => {
      const rounds = Array.from({ length: ROUNDS }, (_, round) => {
        const read = linesOf(lines, rules, round);
        const start = process.hrtime.bigint();
        for (const line of read) skip(line);
        return Number(process.hrtime.bigint() - start) / read.length;
      });
      return { lines, rules, nsPerLine: median(rounds) };
    });
  });
  const slow = rows.find(({ nsPerLine }) => nsPerLine > BOUND_NS);
  if (slow) throw new Error(`${slow.nsPerLine} ns a line at ${slow.rules} rules (${slow.lines}), bound ${BOUND_NS}`);
  return rows;
}

/** ns per line, a column per number of rules. */
export function outlookTable(rows: readonly OutlookBenchRow[]): string {
  const sizes = [...new Set(rows.map(({ rules }) => rules))];
  const kinds = [...new Set(rows.map(({ lines }) => lines))];
  return [
    tableRow(
      "ns per line before parsing",
      sizes.map((size) => `${size.toLocaleString("en")} rules`),
    ),
    ...kinds.map((kind) =>
      tableRow(
        kind,
        rows.filter(({ lines }) => lines === kind).map(({ nsPerLine }) => Math.round(nsPerLine).toLocaleString("en")),
      ),
    ),
  ].join("\n");
}

if (import.meta.main) {
  const rows = benchOutlook();
  console.log(outlookTable(rows));
  console.log(JSON.stringify(rows));
}
