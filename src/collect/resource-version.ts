import { fieldsOf, textOf } from "./fields.ts";

const NUMERIC = /^[1-9][0-9]*$/;

/**
 * Orders two resourceVersions: negative when `a` is older, 0 when equal, positive when newer; null when either is
 * not a number and so says nothing.
 *
 * Kubernetes declares them comparable as numbers of any length since 1.35 (KEP-5504, 2025-12); etcd and kine have
 * always made them so.
 */
export function compareResourceVersions(a: string, b: string): number | null {
  if (!NUMERIC.test(a) || !NUMERIC.test(b)) return null;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The `metadata.resourceVersion` of a parsed object; empty where there is none. */
export function resourceVersionOf(object: unknown): string {
  return textOf(fieldsOf(fieldsOf(object)["metadata"])["resourceVersion"]);
}
