import type { DiagnosticSeverity } from "../model/diagnostic.ts";

/** One row of the catalogue of diagnostics. */
export interface DiagnosticKind {
  readonly severity: DiagnosticSeverity;
  /** What the code is about, in a few words. */
  readonly title: string;
}

export type DiagnosticCode =
  | "E101"
  | "E102"
  | "E103"
  | "E104"
  | "E105"
  | "E106"
  | "E107"
  | "E108"
  | "E109"
  | "E110"
  | "E111"
  | "E112"
  | "E119"
  | "W121"
  | "W122"
  | "E201"
  | "E202"
  | "E203"
  | "E204"
  | "E205"
  | "E206"
  | "W221"
  | "E301"
  | "W321"
  | "W322"
  | "W324"
  | "E401"
  | "W411"
  | "W412"
  | "W415"
  | "W421"
  | "W422"
  | "W424"
  | "E501"
  | "E502"
  | "E511"
  | "E512"
  | "E513"
  | "W514"
  | "E515"
  | "E516"
  | "W517";

/**
 * Every code there is for rules. E is an error, W a warning or an info; the hundreds are the family (1 writing,
 * 2 names and types, 3 rules that never or always fire, 4 cost and safety, 5 receivers and configuration). A number
 * is never used again, and never under both letters. `grammar/diagnostics.md` explains each.
 */
export const DIAGNOSTICS: Readonly<Record<DiagnosticCode, DiagnosticKind>> = {
  E101: { severity: "error", title: "unknown character" },
  E102: { severity: "error", title: "open text or unknown escape" },
  E103: { severity: "error", title: "missing value or comparison" },
  E104: { severity: "error", title: "rule without notify" },
  E105: { severity: "error", title: "spelling of another language" },
  E106: { severity: "error", title: "misspelt word of the language" },
  E107: { severity: "error", title: "parentheses do not balance" },
  E108: { severity: "error", title: "bad rate or duration" },
  E109: { severity: "error", title: "clause given twice or out of place" },
  E110: { severity: "error", title: "condition too deep or too large" },
  E111: { severity: "error", title: "rule set too large" },
  E112: { severity: "error", title: "clause not available yet" },
  E119: { severity: "error", title: "this cannot stand here" },
  W121: { severity: "warning", title: "and meets or without parentheses" },
  W122: { severity: "info", title: "no statements" },
  E201: { severity: "error", title: "unknown field" },
  E202: { severity: "error", title: "operator or value does not fit the field" },
  E203: { severity: "error", title: "invalid pattern" },
  E204: { severity: "error", title: "name given twice" },
  E205: { severity: "error", title: "unknown let" },
  E206: { severity: "error", title: "unknown severity" },
  W221: { severity: "warning", title: "glob characters compared for equality" },
  E301: { severity: "error", title: "condition that can never be true" },
  W321: { severity: "warning", title: "reason or kind differs from a known one by a slip" },
  W322: { severity: "warning", title: "type that Kubernetes never gives this reason" },
  W324: { severity: "warning", title: "raw count compared" },
  E401: { severity: "error", title: "too many or too long patterns" },
  W411: { severity: "warning", title: "group names no object" },
  W412: { severity: "warning", title: "group of ever new values" },
  W415: { severity: "warning", title: "threshold without throttle" },
  W421: { severity: "warning", title: "pattern without metacharacters" },
  W422: { severity: "warning", title: "pattern padded with .*" },
  W424: { severity: "info", title: "pattern without anchors on a field of one word" },
  E501: { severity: "error", title: "unknown receiver" },
  E502: { severity: "error", title: "unknown template" },
  E511: { severity: "error", title: "unknown key in the configuration" },
  E512: { severity: "error", title: "missing or wrong value in the configuration" },
  E513: { severity: "error", title: "unresolved environment variable" },
  W514: { severity: "warning", title: "secret written in the file" },
  E515: { severity: "error", title: "not YAML" },
  E516: { severity: "error", title: "template that cannot be rendered" },
  W517: { severity: "warning", title: "webhook URL of another form" },
};

/** Narrows a text to a code of the catalogue. */
export function isDiagnosticCode(text: string): text is DiagnosticCode {
  return Object.hasOwn(DIAGNOSTICS, text);
}
