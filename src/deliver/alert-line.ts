import { createHash } from "node:crypto";
import type { Alert, DigestLine } from "../model/alert.ts";
import { groupLabel } from "../model/group-label.ts";
import type { Severity } from "../model/rule.ts";

/** The gravest is the least. Stands in the database: never change it. */
export const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** What is longer in a line of a digest is cut: characters. */
const MAX_LABEL = 120;
const MAX_NEWEST = 160;

/** The graver of the two. */
export function graver(one: Severity, other: Severity): Severity {
  return RANK[one] <= RANK[other] ? one : other;
}

/** An alert as lines of a digest: one, or its own where it is a digest itself. */
export function linesOf(alert: Alert): readonly DigestLine[] {
  if (alert.kind === "digest") return alert.lines;
  return [
    {
      severity: alert.severity,
      rule: alert.rule?.name ?? "",
      label: labelOf(alert),
      alerts: 1,
      occurrences: occurrencesOf(alert),
      from: alert.at,
      to: alert.at,
      newest: newestOf(alert).slice(0, MAX_NEWEST),
      unsure: false,
    },
  ];
}

/** The group in words; the object where the rule names no group. */
export function labelOf(alert: Alert): string {
  return (groupLabel(alert.group) || subjectOf(alert)).slice(0, MAX_LABEL);
}

function subjectOf(alert: Alert): string {
  switch (alert.kind) {
    case "event":
    case "resolved": {
      const { kind, name } = alert.event.involvedObject;
      return [kind, alert.event.namespace, name].filter((part) => part !== "").join(" ");
    }
    case "notice":
      return alert.cause;
    case "absent":
    case "digest":
    case "test":
    case "ready":
      return "";
  }
}

function newestOf(alert: Alert): string {
  switch (alert.kind) {
    case "event":
    case "resolved":
      return `${alert.event.reason}: ${alert.event.message}`;
    case "absent":
      return alert.last ? `${alert.last.reason}: ${alert.last.message}` : "";
    case "ready":
      return alert.summary;
    case "digest":
    case "notice":
    case "test":
      return "";
  }
}

/** New occurrences that the alert stands for; 0 where it is not about an Event. */
export function occurrencesOf(alert: Alert): number {
  switch (alert.kind) {
    case "event":
    case "resolved":
      return alert.occurrences;
    case "digest":
      return alert.lines.reduce((sum, line) => sum + line.occurrences, alert.more.occurrences);
    case "ready":
      return 1;
    case "absent":
    case "notice":
    case "test":
      return 0;
  }
}

/**
 * What must arrive in order, as a number of 48 bits: the alerts of one rule and group. An alert of no rule is a group
 * of its own.
 */
export function groupOf(alert: Alert): number {
  const group = alert.rule ? [alert.cluster, alert.rule.key, alert.group] : [alert.id];
  return createHash("sha256").update(JSON.stringify(group)).digest().readUIntBE(0, 6);
}
