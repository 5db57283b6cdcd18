import type { Statement } from "../model/rule.ts";

/** What rules make of the templates of a configuration, gathered while their statements pass. */
export interface TemplateUses {
  /** Names that rules give by `with`. */
  readonly given: ReadonlySet<string>;
  /** Receivers that get a template, by its name. */
  readonly told: ReadonlyMap<string, ReadonlySet<string>>;
  add(statement: Statement): void;
}

export function createTemplateUses(statements: Iterable<Statement> = []): TemplateUses {
  const given = new Set<string>();
  const told = new Map<string, Set<string>>();
  const add = (statement: Statement): void => {
    if (statement.kind !== "rule") return;
    for (const name of Object.keys(statement.values)) given.add(name);
    if (statement.template === null) return;
    const receivers = told.get(statement.template) ?? new Set();
    for (const name of statement.receivers) receivers.add(name);
    told.set(statement.template, receivers);
  };
  for (const statement of statements) add(statement);
  return { given, told, add };
}
