import type { LoadedConfig } from "../config/config.ts";
import { checkLayout } from "../deliver/layout.ts";
import type { LayoutProblem } from "../deliver/template-check.ts";
import { VIEW_NAMES } from "../deliver/view.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Rule, RuleSet } from "../model/rule.ts";
import { nearest } from "../suggest.ts";
import type { Span } from "../text-position.ts";

export interface TemplatesToCheck {
  /** How the configuration is called to people. */
  readonly file: string;
  readonly loaded: LoadedConfig;
  /** The rules that use the templates; null when they have errors of their own. */
  readonly ruleSet: RuleSet | null;
}

/** Mistakes in the templates of the configuration and in the `with` texts of rules: E516. */
export function checkTemplates({ file, loaded, ruleSet }: TemplatesToCheck): readonly Diagnostic[] {
  if (!loaded.config) return [];
  const rules = (ruleSet?.statements ?? []).filter((statement): statement is Rule => statement.kind === "rule");
  const given = rules.flatMap((rule) => Object.keys(rule.values));
  const inConfig = Object.entries(loaded.config.templates).flatMap(([name, tree]) =>
    checkLayout(tree, given)
      // Which names rules give is only known of rules without errors.
      .filter((problem) => ruleSet !== null || problem.unknownName === undefined)
      .map((problem) => {
        const span = loaded.spanAt(["templates", name, ...stepsOf(problem.path)]);
        return diagnosticOf(file, span, `template \`${name}\`: ${problem.message}`, problem);
      }),
  );
  const inRules = rules.flatMap((rule) =>
    Object.entries(rule.values).flatMap(([name, text]) =>
      checkLayout(text).map((problem) => {
        const span = { line: rule.line, column: 1, endLine: rule.line, endColumn: 2 };
        return diagnosticOf(rule.file, span, `\`with ${name}\`: ${problem.message}`, problem);
      }),
    ),
  );
  return [...inConfig, ...inRules];
}

function diagnosticOf(file: string, span: Span, message: string, { unknownName }: LayoutProblem): Diagnostic {
  const guess = unknownName === undefined ? null : nearest(unknownName, [...VIEW_NAMES]);
  return {
    code: "E516",
    severity: "error",
    file,
    ...span,
    message,
    ...(guess === null ? {} : { help: `did you mean \`${guess}\`?` }),
  };
}

/** `card.elements[0].text` as the keys and indexes it is made of. */
function stepsOf(path: string): readonly (string | number)[] {
  return (path.match(/[^.[\]]+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
