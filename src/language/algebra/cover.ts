import type { Comparison, Condition } from "../../model/rule.ts";
import { fieldText } from "../fields.ts";
import { ANYTHING, hull, meet, type Box } from "./box.ts";
import { isEmpty, type ValueSet } from "./value-set.ts";

export interface CoverOptions {
  /** Boxes wanted, at most. Where there would be more, wider ones are taken. */
  readonly most: number;
  /** Which comparisons to look at. Any other is taken to come out as it suits. */
  readonly reads: (comparison: Comparison) => boolean;
}

/**
 * Boxes such that every Event for which the condition holds fits one of them: the condition's disjunctive normal form,
 * made wider where it would get long. No boxes: it holds for no Event.
 *
 * With `misses`, around the Events for which it does not hold. That is more than those for which it is false: a label
 * that cannot be looked up leaves a condition neither true nor false.
 */
export function cover(condition: Condition, sense: "holds" | "misses", { most, reads }: CoverOptions): readonly Box[] {
  const boxesOf = (part: Condition, negated: boolean): readonly Box[] => {
    if (part.kind === "not") return boxesOf(part.part, !negated);
    if (part.kind === "comparison") {
      if (!reads(part)) return [ANYTHING];
      const [field, values] = asked(part, negated, sense === "misses");
      return isEmpty(values) ? [] : [new Map([[field, values]])];
    }
    const covers = part.parts.map((one) => boxesOf(one, negated));
    return (part.kind === "and") === negated ? either(covers, most) : all(covers, most);
  };
  return boxesOf(condition, sense === "misses");
}

function either(covers: readonly (readonly Box[])[], most: number): readonly Box[] {
  const boxes = covers.flat();
  return boxes.length > most ? [hull(boxes)] : boxes;
}

/** Multiplies out the shortest covers as far as `most` goes; of the others the hull is taken. */
function all(covers: readonly (readonly Box[])[], most: number): readonly Box[] {
  const common: Box[] = [];
  const choices: (readonly Box[])[] = [];
  let ways = 1;
  for (const boxes of covers.toSorted((a, b) => a.length - b.length)) {
    if (boxes.length === 1 || ways * boxes.length > most) common.push(hull(boxes));
    else {
      ways *= boxes.length;
      choices.push(boxes);
    }
  }
  const base = meet(common);
  return choices.reduce<readonly Box[]>(
    (boxes, choice) => boxes.flatMap((box) => choice.flatMap((other) => meet([box, other]) ?? [])),
    base === null ? [] : [base],
  );
}

/** The one value of what is made a field of its own. */
const HOLDS = "holds";

/**
 * What a comparison asks of which field. A pattern or a number is a field of its own that holds or does not, so that it
 * is known to exclude its opposite and nothing else.
 */
function asked(
  { field, test, negated: turned }: Comparison,
  negated: boolean,
  orUnknown: boolean,
): readonly [string, ValueSet] {
  const name = fieldText(field);
  const isLabel = field.kind === "label" || field.kind === "annotation";
  const valuesOf = (isOpposite: boolean, values: readonly string[]): ValueSet => ({
    kind: isOpposite ? "except" : "only",
    values: new Set(isLabel && isOpposite !== orUnknown ? [...values, null] : values),
  });
  const isOpposite = turned !== negated;
  if (test.op === "in") return [name, valuesOf(isOpposite, test.values)];
  if (test.op === "exists") return [name, valuesOf(!isOpposite, [""])];
  return [JSON.stringify([name, test]), valuesOf(isOpposite, [HOLDS])];
}
