import type { Comparison, Condition, RuleSet, TextFieldName } from "../model/rule.ts";
import { isClusterScoped } from "./cluster-scoped.ts";

/** Null: look at the line properly. Otherwise no rule can match it, and this is where it stood in the stream. */
export type Prefilter = (line: Buffer) => { readonly resourceVersion: string } | null;

/** What the bytes of a line say about its Event. A field that is not in it is unknown, not empty. */
type KnownFields = Partial<Record<TextFieldName, string>>;

/** True, false, or null where the known fields do not decide. */
type Answer = boolean | null;

function answerComparison({ field, test, negated }: Comparison, known: KnownFields): Answer {
  const value = field.kind === "text" ? known[field.name] : undefined;
  if (value === undefined) return null;
  // Patterns belong to the decision; here they only cost a parse.
  if (test.op === "in") return test.values.includes(value) !== negated;
  if (test.op === "contains") return value.includes(test.value) !== negated;
  return test.op === "exists" ? (value !== "") !== negated : null;
}

function answer(condition: Condition, known: KnownFields): Answer {
  if (condition.kind === "comparison") return answerComparison(condition, known);
  if (condition.kind === "not") {
    const inner = answer(condition.part, known);
    return inner === null ? null : !inner;
  }
  const decides = condition.kind === "or";
  let open = false;
  for (const part of condition.parts) {
    const one = answer(part, known);
    if (one === decides) return decides;
    open ||= one === null;
  }
  return open ? null : !decides;
}

/** Whether some rule could match an Event of which only this is known. */
function couldMatch(ruleSet: RuleSet, known: KnownFields): boolean {
  for (const statement of ruleSet.statements) {
    const holds = answer(statement.condition, known);
    if (statement.kind === "drop" && holds === true) return false;
    if (statement.kind === "rule" && holds !== false) return true;
  }
  return false;
}

/*
 * The shape of a line, as Go's encoder writes it: no white space, fields in the order of the structs (api/core/v1
 * types.go, v1.36). A quote inside a JSON string is always preceded by a backslash, so a key with its quotes and the
 * comma before it cannot be part of a text, however hostile; and what stands before `involvedObject` is skipped.
 */
const ADDED = Buffer.from('{"type":"ADDED","object":{"kind":"Event","apiVersion":"v1","metadata":{"');
const MODIFIED = Buffer.from('{"type":"MODIFIED","object":{"kind":"Event","apiVersion":"v1","metadata":{"');
const INVOLVED_OBJECT = Buffer.from('},"involvedObject":{"kind":"');
const NAMESPACE = Buffer.from('","namespace":"');
const REASON = Buffer.from(',"reason":"');
const TYPE = Buffer.from(',"type":"');
const RESOURCE_VERSION = "resourceVersion";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Values worth reading are names; anything else is for the JSON parser. */
const MAX_VALUE_BYTES = 256;
const PLAIN = /^[\w.:/-]*$/;

function standsAt(line: Buffer, at: number, bytes: Buffer): boolean {
  const end = at + bytes.length;
  return end <= line.length && bytes.compare(line, at, end) === 0;
}

/** The text from `start` to the next quote; null when it is not plain, so that its bytes are not its meaning. */
function readValue(line: Buffer, start: number): string | null {
  const end = line.indexOf(QUOTE, start);
  if (end < 0 || end - start > MAX_VALUE_BYTES) return null;
  const value = line.toString("latin1", start, end);
  return PLAIN.test(value) ? value : null;
}

/** Walks the texts at the beginning of `metadata` to its resourceVersion, which stands before labels. */
function readResourceVersion(line: Buffer, start: number): string | null {
  let at = start;
  for (let members = 0; members < 6; members += 1) {
    const keyEnd = line.indexOf(QUOTE, at);
    // `":"` between key and text.
    if (keyEnd < 0 || line[keyEnd + 1] !== 0x3a || line[keyEnd + 2] !== QUOTE) return null;
    const valueStart = keyEnd + 3;
    if (line.toString("latin1", at, keyEnd) === RESOURCE_VERSION) return readValue(line, valueStart) || null;
    const valueEnd = line.indexOf(QUOTE, valueStart);
    if (valueEnd < 0 || line[valueEnd - 1] === BACKSLASH) return null;
    if (line[valueEnd + 1] !== 0x2c || line[valueEnd + 2] !== QUOTE) return null;
    at = valueEnd + 3;
  }
  return null;
}

/** The fields of the line's Event, read in stages; `type` first, because it alone decides most. */
interface Scan {
  readonly type: string;
  readonly rest: () => KnownFields | null;
}

function scan(line: Buffer, metadataStart: number): Scan | null {
  const object = line.indexOf(INVOLVED_OBJECT, metadataStart);
  if (object < 0) return null;
  const kindStart = object + INVOLVED_OBJECT.length;
  const reasonKey = line.indexOf(REASON, kindStart);
  // Only the Event's own `type` comes after its reason; a label of that name stands in the metadata.
  const typeKey = line.lastIndexOf(TYPE);
  if (reasonKey < 0 || typeKey < reasonKey) return null;
  const type = readValue(line, typeKey + TYPE.length);
  if (type === null) return null;
  return {
    type,
    rest() {
      const kind = readValue(line, kindStart);
      const reason = readValue(line, reasonKey + REASON.length);
      if (kind === null || reason === null) return null;
      const kindEnd = kindStart + kind.length;
      const hasNamespace = standsAt(line, kindEnd, NAMESPACE);
      if (!hasNamespace) return { type, kind, reason, ...(isClusterScoped(kind) ? { namespace: "" } : {}) };
      const namespace = readValue(line, kindEnd + NAMESPACE.length);
      return namespace ? { type, kind, reason, namespace } : null;
    },
  };
}

/** Enough for every mix of type, reason, kind and namespace a cluster has; a flood of invented ones starts afresh. */
const MAX_REMEMBERED = 8192;

function remembering(decide: (known: KnownFields) => boolean): (known: KnownFields) => boolean {
  const remembered = new Map<string, boolean>();
  return (known) => {
    // No value read from a line holds a space, so an unknown one is never taken for a known one.
    const { type, kind = " ", reason = " ", namespace = " " } = known;
    const key = `${type} ${kind} ${reason} ${namespace}`;
    const before = remembered.get(key);
    if (before !== undefined) return before;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const decided = decide(known);
    remembered.set(key, decided);
    return decided;
  };
}

/**
 * Tells lines that no rule can match from their bytes, which costs a fraction of parsing them. Never wrong about one
 * it skips: whatever is not exactly as Go's encoder writes it is left to the parser.
 */
export function createPrefilter(ruleSet: RuleSet): Prefilter {
  const couldMatchRemembered = remembering((known) => couldMatch(ruleSet, known));
  return (line) => {
    let metadataStart = 0;
    if (standsAt(line, 0, ADDED)) metadataStart = ADDED.length;
    else if (standsAt(line, 0, MODIFIED)) metadataStart = MODIFIED.length;
    else return null;
    const found = scan(line, metadataStart);
    if (!found) return null;
    if (couldMatchRemembered({ type: found.type })) {
      const known = found.rest();
      if (!known || couldMatchRemembered(known)) return null;
    }
    const resourceVersion = readResourceVersion(line, metadataStart);
    return resourceVersion === null ? null : { resourceVersion };
  };
}
