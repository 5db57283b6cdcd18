import { isObject } from "../model/json.ts";
import { cutText, fieldsOf, parseJson, textOf } from "./fields.ts";

/** What a `Status` object of the API server says went wrong. */
export interface ApiStatus {
  readonly code: number;
  readonly reason: string;
  /** As the API server wrote it, cut to 300 characters; names users and resources, never credentials. */
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** The resourceVersion asked for lies in the server's future. */
  readonly tooLarge: boolean;
}

/** One line of a watch. */
export type WatchLine =
  | { readonly kind: "item"; readonly type: "ADDED" | "MODIFIED"; readonly object: unknown; readonly version: string }
  | { readonly kind: "deleted"; readonly version: string }
  | { readonly kind: "bookmark"; readonly version: string; readonly initialEventsEnd: boolean }
  | { readonly kind: "error"; readonly status: ApiStatus }
  | { readonly kind: "malformed" };

const MALFORMED: WatchLine = { kind: "malformed" };

/** Reads a `Status`, as it stands in an ERROR line or in the body of an answer that is not 200. Anything else: 0. */
export function parseStatus(object: unknown): ApiStatus {
  const status = fieldsOf(object);
  const details = fieldsOf(status["details"]);
  const causes: unknown[] = Array.isArray(details["causes"]) ? details["causes"] : [];
  const message = cutText(textOf(status["message"]), 300);
  const seconds = details["retryAfterSeconds"];
  return {
    code: typeof status["code"] === "number" ? status["code"] : 0,
    reason: textOf(status["reason"]),
    message,
    retryAfterMs: typeof seconds === "number" && seconds > 0 ? seconds * 1000 : null,
    tooLarge:
      causes.some((cause) => fieldsOf(cause)["reason"] === "ResourceVersionTooLarge") ||
      message.startsWith("Too large resource version"),
  };
}

/** The `metadata.resourceVersion` of a parsed object; empty where there is none. */
export function resourceVersionOf(object: unknown): string {
  return textOf(fieldsOf(fieldsOf(object)["metadata"])["resourceVersion"]);
}

/** Reads one line of a watch. Never throws. */
export function parseWatchLine(line: Buffer): WatchLine {
  const { type, object } = fieldsOf(parseJson(line.toString("utf8")));
  if (!isObject(object)) return MALFORMED;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "item", type, object, version: resourceVersionOf(object) };
    case "DELETED":
      return { kind: "deleted", version: resourceVersionOf(object) };
    case "BOOKMARK": {
      const annotations = fieldsOf(fieldsOf(fieldsOf(object)["metadata"])["annotations"]);
      const initialEventsEnd = annotations["k8s.io/initial-events-end"] === "true";
      return { kind: "bookmark", version: resourceVersionOf(object), initialEventsEnd };
    }
    case "ERROR":
      return { kind: "error", status: parseStatus(object) };
    default:
      return MALFORMED;
  }
}
