import { alertId } from "../model/alert-id.ts";
import type { Alert, DigestLine } from "../model/alert.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import { graver, linesOf, occurrencesOf, RANK } from "./alert-line.ts";
import { alertIn, type AlertStore, toStored } from "./alert-store.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";

type Digest = Alert & { readonly kind: "digest" };

/** What receivers have no room for, told in one alert each. */
export interface FullDigests {
  /** Adds alerts to the receiver's open digest, or begins one; answers its row. Needs a transaction. */
  add(receiver: string, alerts: readonly Alert[]): number;
  /** The receiver is about to be sent this row: if it is the open digest, nothing is added to it any more. */
  close(receiver: string, row: number): void;
}

export interface FullDigestOptions {
  readonly database: Database;
  readonly store: Pick<AlertStore, "insert">;
  readonly ledger: Ledger;
  readonly history: Pick<History, "added">;
  readonly clock: Pick<Clock, "now">;
}

const MAX_LINES = 50;
/** Groups without a line that are told apart; beyond it `more.groups` no longer grows. */
const MAX_COUNTED_GROUPS = 1000;

/**
 * At most one digest a receiver is open, so they cannot pile up; each is of a bounded size, whatever it stands for, and is
 * itself never merged. Groups beyond its lines are told apart in memory: after a restart one may be counted twice.
 */
export function createFullDigests({ database, store, ledger, history, clock }: FullDigestOptions): FullDigests {
  const selectOpen = database.prepare(
    "SELECT a.id, a.bytes, a.body FROM receivers r JOIN alerts a ON a.id = r.open_digest WHERE r.id = ?",
  );
  const setOpen = database.prepare("UPDATE receivers SET open_digest = ? WHERE id = ?");
  const update = database.prepare("UPDATE alerts SET rank = ?, occurrences = ?, bytes = ?, body = ? WHERE id = ?");
  const raise = database.prepare("UPDATE deliveries SET rank = ? WHERE alert = ?");
  /** Receiver → groups of its open digest that have no line. */
  const lineless = new Map<string, Set<string>>();

  const begin = (receiver: string, first: Alert, alerts: readonly Alert[]): number => {
    const groups = new Set<string>();
    lineless.set(receiver, groups);
    const digest = extended(emptyDigest(receiver, first, clock.now()), alerts, groups);
    const row = store.insert(toStored(digest), [receiver]);
    setOpen.run(row, ledger.open(receiver));
    return row;
  };

  return {
    add(receiver, alerts) {
      const first = alerts[0];
      if (!first) throw new Error("a digest of nothing");
      const open = selectOpen.row(ledger.open(receiver));
      const before = open && alertIn(open);
      if (before?.kind !== "digest" || !open) return begin(receiver, first, alerts);
      const groups = lineless.get(receiver) ?? new Set();
      lineless.set(receiver, groups);
      const digest = extended(before, alerts, groups);
      const { text, bytes } = toStored(digest);
      const row = Number(open["id"]);
      const grown = bytes - Number(open["bytes"]);
      update.run(RANK[digest.severity], occurrencesOf(digest), bytes, text, row);
      if (digest.severity !== before.severity) raise.run(RANK[digest.severity], row);
      ledger.change(receiver, { bytes: grown });
      history.added(grown);
      return row;
    },
    close(receiver, row) {
      const id = ledger.idOf(receiver);
      if (id === null || selectOpen.row(id)?.["id"] !== row) return;
      database.transaction(() => setOpen.run(null, id), "normal");
      lineless.delete(receiver);
    },
  };
}

function emptyDigest(receiver: string, first: Alert, now: number): Digest {
  return {
    v: 1,
    id: alertId("digest", receiver, "full", first.id),
    at: now,
    cluster: first.cluster,
    owner: first.owner,
    severity: first.severity,
    rule: null,
    group: [],
    kind: "digest",
    why: "full",
    from: first.at,
    to: first.at,
    lines: [],
    more: { groups: 0, alerts: 0, occurrences: 0 },
  };
}

/** The digest with the alerts in it; `lineless` takes the groups that found no line. */
function extended(digest: Digest, alerts: readonly Alert[], lineless: Set<string>): Digest {
  const lines = new Map(digest.lines.map((line) => [nameOf(line), line]));
  let { more, severity, from, to } = digest;
  for (const alert of alerts) {
    severity = graver(severity, alert.severity);
    for (const line of linesOf(alert)) {
      [from, to] = [Math.min(from, line.from), Math.max(to, line.to)];
      const name = nameOf(line);
      const known = lines.get(name);
      if (known || lines.size < MAX_LINES) lines.set(name, known ? joined(known, line) : line);
      else more = withMore(more, { groups: isNew(lineless, name) ? 1 : 0, ...line });
    }
    if (alert.kind === "digest") more = withMore(more, alert.more);
  }
  return { ...digest, severity, from, to, lines: [...lines.values()], more };
}

/** The same group of another severity is another line: people look for the grave ones. */
function nameOf({ severity, rule, label }: DigestLine): string {
  return JSON.stringify([severity, rule, label]);
}

function joined(line: DigestLine, next: DigestLine): DigestLine {
  return {
    ...line,
    alerts: line.alerts + next.alerts,
    occurrences: line.occurrences + next.occurrences,
    from: Math.min(line.from, next.from),
    to: Math.max(line.to, next.to),
    newest: next.to >= line.to ? next.newest : line.newest,
    unsure: line.unsure || next.unsure,
  };
}

function withMore(more: Digest["more"], by: Digest["more"]): Digest["more"] {
  return {
    groups: more.groups + by.groups,
    alerts: more.alerts + by.alerts,
    occurrences: more.occurrences + by.occurrences,
  };
}

function isNew(names: Set<string>, name: string): boolean {
  if (names.has(name) || names.size >= MAX_COUNTED_GROUPS) return false;
  names.add(name);
  return true;
}
