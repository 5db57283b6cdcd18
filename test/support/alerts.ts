import { deliveryKey } from "../../src/model/alert-id.ts";
import type { Alert, DigestLine, Occurrence } from "../../src/model/alert.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { anEvent, NOON } from "./events.ts";

type Of<K extends Alert["kind"]> = Extract<Alert, { kind: K }>;
type Parts<K extends Alert["kind"]> = Partial<Omit<Of<K>, "kind" | "v">>;

const BASE = {
  v: 1,
  id: "a".repeat(26),
  at: NOON,
  cluster: "家里测试 K3S",
  owner: "",
  severity: "warning",
  rule: { key: "k", name: "crash-loop", template: null, values: {} },
  group: [
    ["namespace", "shop"],
    ["name", "web"],
  ],
} as const;

const OCCURRENCE: Occurrence = { event: anEvent(), occurrences: 1, held: null, facts: {}, met: [] };

/** A crash loop, with whatever parts a test cares about in place. */
export function anEventAlert(parts: Parts<"event"> = {}): Of<"event"> {
  return { ...BASE, ...OCCURRENCE, ...parts, kind: "event" };
}

export function aResolvedAlert(parts: Parts<"resolved"> = {}): Of<"resolved"> {
  return { ...BASE, ...OCCURRENCE, about: "b".repeat(26), lastedMs: 5_400_000, ...parts, kind: "resolved" };
}

export function anAbsentAlert(parts: Parts<"absent"> = {}): Of<"absent"> {
  return { ...BASE, forMs: 900_000, last: anEvent(), ...parts, kind: "absent" };
}

export function aDigestLine(parts: Partial<DigestLine> = {}): DigestLine {
  const times = { from: NOON, to: NOON + 60_000 };
  const words = { severity: "warning", rule: "crash-loop", label: "shop/web", newest: "Back-off" } as const;
  return { ...words, ...times, alerts: 1, occurrences: 1, unsure: false, ...parts };
}

export function aDigestAlert(parts: Parts<"digest"> = {}): Of<"digest"> {
  const none = { groups: 0, alerts: 0, occurrences: 0 };
  const times = { from: NOON, to: NOON + 60_000 };
  return { ...BASE, ...times, why: "flood", lines: [aDigestLine()], more: none, ...parts, kind: "digest" };
}

export function aNoticeAlert(parts: Parts<"notice"> = {}): Of<"notice"> {
  return { ...BASE, rule: null, cause: "labels-unknown", details: {}, ...parts, kind: "notice" };
}

export function aTestAlert(parts: Parts<"test"> = {}): Of<"test"> {
  return { ...BASE, severity: "info", rule: null, group: [], ...parts, kind: "test" };
}

export function aReadyAlert(parts: Parts<"ready"> = {}): Of<"ready"> {
  const body = '{"msg_type":"text","content":{"text":"as it was"}}';
  return { ...BASE, bodyKind: "feishu", body, summary: "home · BackOff: as it was", ...parts, kind: "ready" };
}

/** A first delivery of an alert to the receiver `feishu`. */
export function aDelivery(alert: Alert = anEventAlert(), parts: Partial<Delivery> = {}): Delivery {
  const receiver = parts.receiver ?? "feishu";
  return {
    row: 1,
    receiver,
    alert,
    key: deliveryKey(alert.id, receiver),
    state: "waiting",
    dueAt: null,
    attempts: 0,
    unsure: 0,
    plain: 0,
    reason: "",
    remote: null,
    ...parts,
  };
}
