import type { Event } from "../model/event.ts";
import type { FieldRef, TextFieldName } from "../model/rule.ts";

const READERS: Readonly<Record<TextFieldName, (event: Event, cluster: string) => string>> = {
  type: (event) => event.type,
  reason: (event) => event.reason,
  message: (event) => event.message,
  kind: (event) => event.involvedObject.kind,
  name: (event) => event.involvedObject.name,
  apiVersion: (event) => event.involvedObject.apiVersion,
  uid: (event) => event.involvedObject.uid,
  fieldPath: (event) => event.involvedObject.fieldPath,
  namespace: (event) => event.namespace,
  container: (event) => event.involvedObject.fieldPath,
  workload: (event) => event.involvedObject.name,
  component: (event) => event.component,
  host: (event) => event.host,
  action: (event) => event.action,
  cluster: (_event, cluster) => cluster,
};

/** Stands in until the table of fields exists: `container` and `workload` are not cut yet. */
export function textReader(ref: Extract<FieldRef, { kind: "text" }>): (event: Event, cluster: string) => string {
  return READERS[ref.name];
}
