import type { Alert } from "../../model/alert.ts";
import type { Message } from "../../model/message.ts";
import { isoTime, viewAlert } from "../view.ts";

/** What is printed of an alert; `message` gives the words. Names and their order are a stable interface. */
export function lineOf(alert: Alert, message: Message): Readonly<Record<string, unknown>> {
  const about = { severity: alert.severity, rule: alert.rule?.name ?? null, cluster: alert.cluster };
  switch (alert.kind) {
    case "event":
    case "resolved":
    case "absent": {
      const { lastSeen, type, kind, namespace, name, host, reason, count, held } = viewAlert(alert);
      const what = { time: lastSeen, ...about, type, kind, namespace, name, host, reason, message: message.lead };
      if (alert.kind === "event") return { ...what, count, held };
      if (alert.kind === "resolved") return { ...what, count, held, resolved: true, lastedMs: alert.lastedMs };
      return { ...what, time: isoTime(alert.at), absentMs: alert.forMs, group: Object.fromEntries(alert.group) };
    }
    case "digest": {
      const { lines, more } = alert;
      const groups = lines.length + more.groups;
      const occurrences = lines.reduce((sum, line) => sum + line.occurrences, more.occurrences);
      const rules = new Set(lines.map(({ rule }) => rule));
      const rule = about.rule ?? (rules.size === 1 ? [...rules][0] : null);
      const counts = { groups, occurrences, since: isoTime(alert.from) };
      return { time: isoTime(alert.to), ...about, rule, [alert.why]: counts, samples: message.lines };
    }
    case "notice":
      return { time: isoTime(alert.at), ...about, notice: alert.cause, message: message.lead, details: alert.details };
    case "test":
      return { severity: alert.severity, rule: "send-test", cluster: alert.cluster, message: message.lead };
    case "ready":
      return { time: isoTime(alert.at), ...about, message: message.summary };
  }
}
