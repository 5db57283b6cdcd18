import type { RuleSet } from "../model/rule.ts";
import { isClusterScoped } from "./cluster-scoped.ts";
import { findMetadata, findType, readAbout, readResourceVersion, readValue, standsAt } from "./line-bytes.ts";
import { asksFor, outlookOf, type KnownFields, type Outlook } from "./outlook.ts";

/** Null: look at the line properly. Otherwise no rule can match it, and this is where it stood in the stream. */
export type Prefilter = (line: Buffer) => { readonly resourceVersion: string } | null;

/** Enough for every mix of type, reason, kind and namespace a cluster has; a flood of invented ones starts afresh. */
const MAX_REMEMBERED = 8192;
/** There are two types; whoever invents more has them asked about each time. */
const MAX_TYPES = 8;

interface KnownType {
  readonly type: string;
  /** As it stands in a line, with the quote after it. */
  readonly bytes: Buffer;
  readonly outlook: Outlook;
}

/** Reads the type of a line and what it alone decides, mostly without making a text of it. */
function createTypeReader(ruleSet: RuleSet): (line: Buffer) => KnownType | null {
  const known: KnownType[] = [];
  return (line) => {
    const start = findType(line);
    if (start < 0) return null;
    for (const one of known) if (standsAt(line, start, one.bytes)) return one;
    const type = readValue(line, start);
    if (type === null) return null;
    const read: KnownType = { type, bytes: Buffer.from(`${type}"`), outlook: outlookOf(ruleSet, { type }) };
    if (known.length < MAX_TYPES) known.push(read);
    return read;
  };
}

/** What type, kind, reason and namespace together decide. */
function createAboutReader(ruleSet: RuleSet): (line: Buffer, metadata: number, type: string) => Outlook {
  const remembered = new Map<string, Outlook>();
  return (line, metadata, type) => {
    const about = readAbout(line, metadata);
    if (!about) return "open";
    const { kind, reason } = about;
    const namespace = about.namespace ?? (isClusterScoped(kind) ? "" : null);
    // No value read from a line holds a space, so an unknown one is never taken for a known one.
    const key = `${type} ${kind} ${reason} ${namespace ?? " "}`;
    const before = remembered.get(key);
    if (before !== undefined) return before;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const known: KnownFields = { type, kind, reason, ...(namespace === null ? {} : { namespace }) };
    const outlook = outlookOf(ruleSet, known);
    remembered.set(key, outlook);
    return outlook;
  };
}

/**
 * Tells lines that no rule can match from their bytes, which costs a fraction of parsing them. Never wrong about one
 * it skips: whatever is not exactly as Go's encoder writes it is left to the parser.
 */
export function createPrefilter(ruleSet: RuleSet): Prefilter {
  const readType = createTypeReader(ruleSet);
  const outlookAbout = createAboutReader(ruleSet);
  const readsAbout = asksFor(ruleSet, new Set(["kind", "reason", "namespace"]));
  return (line) => {
    const metadata = findMetadata(line);
    if (metadata < 0) return null;
    const known = readType(line);
    if (!known) return null;
    let { outlook } = known;
    if (outlook === "open" && readsAbout) outlook = outlookAbout(line, metadata, known.type);
    if (outlook !== "none") return null;
    const resourceVersion = readResourceVersion(line, metadata);
    return resourceVersion === null ? null : { resourceVersion };
  };
}
