import { basename } from "node:path";
import type { Config, LoadedConfig } from "../config/config.ts";
import type { Dialect } from "../deliver/dialect.ts";
import { type LayoutTree, checkLayout, checkText } from "../deliver/layout.ts";
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
  /** What the rules do with them; null when the rules have errors of their own. */
  readonly uses: TemplateUses | null;
  /** Of all kinds of receiver, by name. */
  readonly dialects: ReadonlyMap<string, Dialect>;
}

/** What rules do with templates. Keeps no rule. */
export interface TemplateUses {
  note(rule: Rule): void;
  /** The names that rules give by `with`. */
  readonly given: ReadonlySet<string>;
  /** Who is told by a template. */
  receiversOf(template: string): ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

export function createTemplateUses(): TemplateUses {
  const given = new Set<string>();
  const told = new Map<string, Set<string>>();
  return {
    note({ template, receivers, values }) {
      for (const name of Object.keys(values)) given.add(name);
      if (template === null) return;
      const known = told.get(template) ?? new Set();
      for (const name of receivers) known.add(name);
      told.set(template, known);
    },
    given,
    receiversOf: (template) => told.get(template) ?? NOBODY,
  };
}

/** Mistakes in the templates of the configuration, as the kinds of receiver that get them read them: E516. */
export function checkTemplates({ file, loaded, uses, dialects }: TemplatesToCheck): readonly Diagnostic[] {
  const { config } = loaded;
  if (!config) return [];
  const given = [...(uses?.given ?? [])];
  return Object.entries(config.templates).flatMap(([name, tree]) => {
    const problems = dialectsOf(tree, uses?.receiversOf(name) ?? NOBODY, config, dialects)
      .flatMap((dialect) => checkLayout(tree, dialect, given))
      // Which names rules give is only known of rules without errors.
      .filter((problem) => uses !== null || problem.unknownName === undefined);
    return withoutRepeats(problems).map((problem) => {
      const span = loaded.spanAt(["templates", name, ...stepsOf(problem.path)]);
      return diagnosticOf(file, span, `template \`${name}\``, problem, false);
    });
  });
}

/** The dialects of those who get a template; of all receivers, where no rule uses it yet. */
function dialectsOf(
  tree: LayoutTree,
  told: ReadonlySet<string>,
  { receivers }: Config,
  dialects: ReadonlyMap<string, Dialect>,
): readonly Dialect[] {
  const users = told.size === 0 ? receivers : receivers.filter((receiver) => told.has(receiver.name));
  const kinds = new Set(users.map(({ kind }) => kind));
  const known = Array.from(dialects.values()).filter(({ kind }) => kinds.has(kind));
  const fitting = known.filter((dialect) => dialect.isLayout(tree));
  return fitting.length === 0 ? known : fitting;
}

function withoutRepeats(problems: readonly LayoutProblem[]): readonly LayoutProblem[] {
  const keyOf = ({ path, message, unknownName, unknownWord }: LayoutProblem): string =>
    JSON.stringify([path, message, unknownName, unknownWord]);
  return Array.from(new Map(problems.map((one) => [keyOf(one), one])).values());
}

/** Mistakes in the `with` texts of a rule: E516 at the rule. `fileOf` makes of a rule's file what people call it. */
export function checkRuleTexts(rule: Rule, fileOf: (file: string) => string): readonly Diagnostic[] {
  return Object.entries(rule.values).flatMap(([name, text]) =>
    checkText(text).map((problem) => {
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
