import type { Alert } from "../../model/alert.ts";
import type { Delivery } from "../../model/delivery.ts";
import { cleanText, cutText, oneLine } from "../escape.ts";
import { isoTime, objectOf, viewAlert } from "../view.ts";

/** Most bytes that `structuredEvent` adds to its data, whatever the alert holds. */
export const ENVELOPE_BYTES = 4096;

/** So that headers stay below the 8 KiB that servers take of them. Fields of an Event are cut already. */
const MAX_CLUSTER_LENGTH = 100;
const DATA_TYPE = "application/json";

/** Attributes of CloudEvents 1.0 but for `datacontenttype`, which each mode writes in a way of its own. */
type Attributes = Readonly<Record<string, string>>;

/**
 * One event a delivery: the same `source` and `id` at every attempt, so that a repeat can be told (CloudEvents 1.0.2).
 * `subject` is the object, as `namespace/name`; absent where the alert is about no one object.
 */
function attributesOf({ alert, key }: Delivery): Attributes {
  const subject = subjectOf(alert);
  return {
    specversion: "1.0",
    id: key,
    source: `/kubewhen/${encodeURIComponent(cutText(cleanText(alert.cluster), MAX_CLUSTER_LENGTH))}`,
    type: `dev.kubewhen.alert.${alert.kind}`,
    time: isoTime(alert.at),
    ...(subject === "" ? {} : { subject }),
  };
}

function subjectOf(alert: Alert): string {
  if (alert.kind !== "event" && alert.kind !== "resolved" && alert.kind !== "absent") return "";
  const object = objectOf(viewAlert(alert));
  // Attributes hold no characters that Unicode assigns to nobody (CloudEvents 1.0.2, "Type System").
  return oneLine(object.replaceAll(/\p{Noncharacter_Code_Point}/gu, ""));
}

/** `application/cloudevents+json` around a body that is JSON already. */
export function structuredEvent(body: string, delivery: Delivery): string {
  const attributes = JSON.stringify({ ...attributesOf(delivery), datacontenttype: DATA_TYPE });
  return `${attributes.slice(0, -1)},"data":${body}}`;
}

/** Headers that make a request an event whose data is the body; its content type is `datacontenttype`. */
export function binaryEventHeaders(delivery: Delivery): Readonly<Record<string, string>> {
  const attributes = Object.entries(attributesOf(delivery));
  return Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, headerValue(value)] as const));
}

/** All but printable ASCII percent-encoded, and space, `"` and `%` too (HTTP binding 1.0.2, section 3.1.3.2). */
function headerValue(text: string): string {
  return text.replaceAll(/[^\u{21}-\u{7E}]|["%]/gu, (one) =>
    Array.from(Buffer.from(one), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
