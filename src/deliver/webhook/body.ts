import type { Alert } from "../../model/alert.ts";
import type { Message } from "../../model/message.ts";
import { isoTime, viewAlert } from "../view.ts";

/**
 * The body of an alert without a layout. Names are a stable interface; names may be added. Every body has:
 *
 * `id`, equal for every receiver and attempt; `kind`: `event`, `resolved`, `absent`, `digest`, `notice` or `test`;
 * `time` of the decision, ISO 8601; `cluster`; `severity`; `resolved`; `rule`, its name or null; `group`, the values
 * of the rule's `by` fields; the words `title`, `lead` (an Event's own message, or a sentence), `facts` (label and
 * value), `lines` and `summary`, in the language of the configuration; and `event`, the Event's fields, or null.
 *
 * Of a kind of its own: `lastedMs` of `resolved`, `absentMs` of `absent`, `digest` with why and how many, `notice` with
 * cause and details.
 */
export function bodyOf(alert: Alert, message: Message): Readonly<Record<string, unknown>> {
  const { title, lead, facts, lines, summary, resolved } = message;
  return {
    id: alert.id,
    kind: alert.kind,
    time: isoTime(alert.at),
    cluster: alert.cluster,
    severity: alert.severity,
    resolved,
    rule: alert.rule?.name ?? null,
    group: Object.fromEntries(alert.group),
    title,
    lead,
    facts: facts.map(({ label, value }) => ({ label, value })),
    lines,
    summary,
    event: eventOf(alert),
    ...ownFieldsOf(alert),
  };
}

/** The Event's message is left to `lead`, which is cut to what fits. */
function eventOf(alert: Alert): object | null {
  if (alert.kind !== "event" && alert.kind !== "resolved" && alert.kind !== "absent") return null;
  if (alert.kind === "absent" && alert.last === null) return null;
  const { type, reason, apiVersion, kind, namespace, name, uid, fieldPath, host, container, workload, ...more } =
    viewAlert(alert);
  const { component, action, count, occurrences, firstSeen, lastSeen, held } = more;
  const object = { apiVersion, kind, namespace, name, uid, fieldPath, container, workload };
  return { type, reason, ...object, host, component, action, count, occurrences, firstSeen, lastSeen, held };
}

function ownFieldsOf(alert: Alert): object {
  switch (alert.kind) {
    case "event":
    case "test":
    case "ready":
      return {};
    case "resolved":
      return { about: alert.about, lastedMs: alert.lastedMs };
    case "absent":
      return { absentMs: alert.forMs };
    case "digest": {
      const { why, from, to, lines, more } = alert;
      const groups = lines.length + more.groups;
      const alerts = lines.reduce((sum, line) => sum + line.alerts, more.alerts);
      const occurrences = lines.reduce((sum, line) => sum + line.occurrences, more.occurrences);
      return { digest: { why, from: isoTime(from), to: isoTime(to), groups, alerts, occurrences } };
    }
    case "notice":
      return { notice: { cause: alert.cause, details: alert.details } };
  }
}
