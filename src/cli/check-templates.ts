import { basename } from "node:path";
import type { LoadedConfig } from "../config/config.ts";
import { checkLayout } from "../deliver/layout.ts";
import { HELPER_NAMES, type LayoutProblem } from "../deliver/template-check.ts";
import { VIEW_NAMES } from "../deliver/view.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Rule } from "../model/rule.ts";
import { nearest } from "../suggest.ts";
import type { Span } from "../text-position.ts";

export interface TemplatesToCheck {
  /** How the configuration is called to people. */
  readonly file: string;
  readonly loaded: LoadedConfig;
  /** The names that rules give by `with`; null when the rules have errors of their own. */
  readonly given: Iterable<string> | null;
}

/** Mistakes in the templates of the configuration: E516. */
export function checkTemplates({ file, loaded, given }: TemplatesToCheck): readonly Diagnostic[] {
  if (!loaded.config) return [];
  const names = [...(given ?? [])];
  return Object.entries(loaded.config.templates).flatMap(([name, tree]) =>
    checkLayout(tree, names)
      // Which names rules give is only known of rules without errors.
      .filter((problem) => given !== null || problem.unknownName === undefined)
      .map((problem) => {
        const span = loaded.spanAt(["templates", name, ...stepsOf(problem.path)]);
        return diagnosticOf(file, span, `template \`${name}\``, problem, false);
      }),
  );
}

/** Mistakes in the `with` texts of a rule: E516 at the rule. `fileOf` makes of a rule's file what people call it. */
export function checkRuleTexts(rule: Rule, fileOf: (file: string) => string): readonly Diagnostic[] {
  return Object.entries(rule.values).flatMap(([name, text]) =>
    checkLayout(text).map((problem) => {
      const span = { line: rule.line, column: 1, endLine: rule.line, endColumn: 2 };
      return diagnosticOf(fileOf(rule.file), span, `\`with ${name}\``, problem, true);
    }),
  );
}

/** What a template says is quoted where it is public, and of others only a word that is nearly a known one. */
function diagnosticOf(
  file: string,
  span: Span,
  subject: string,
  { message, unknownName, unknownWord }: LayoutProblem,
  isPublic: boolean,
): Diagnostic {
  const unknown = unknownName ?? unknownWord;
  const guess = unknown === undefined ? null : nearest(unknown, unknownName === undefined ? HELPER_NAMES : VIEW_NAMES);
  const quoted = unknown !== undefined && (isPublic || guess !== null) ? ` \`${unknown}\`` : "";
  return {
    code: "E516",
    severity: "error",
    file,
    ...span,
    message: `${subject}: ${message}${quoted}`,
    ...(guess === null ? {} : { help: `did you mean \`${guess}\`?` }),
  };
}

/** `card.elements[0].text` as the keys and indexes it is made of. */
function stepsOf(path: string): readonly (string | number)[] {
  return (path.match(/[^.[\]]+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** The path of each source by its base name, as rules know their file. */
export function pathsOf(sources: readonly { readonly file: string }[]): (file: string) => string {
  const paths = new Map(sources.map(({ file }) => [basename(file), file]));
  return (file) => paths.get(file) ?? file;
}
