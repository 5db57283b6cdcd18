/**
 * Values one field may have: these and no others, or all but these. Null among them stands for a label or annotation
 * that cannot be looked up.
 */
export interface ValueSet {
  readonly kind: "only" | "except";
  readonly values: ReadonlySet<string | null>;
}

export function isEmpty({ kind, values }: ValueSet): boolean {
  return kind === "only" && values.size === 0;
}

export function complement({ kind, values }: ValueSet): ValueSet {
  return { kind: kind === "only" ? "except" : "only", values };
}

/** Values that are in all sets; every value if there is no set. Takes the time of reading the sets once. */
export function intersection(sets: readonly ValueSet[]): ValueSet {
  const [first, ...others] = new Set(sets);
  if (first && others.length === 0) return first;
  const allowed = sets.filter(({ kind }) => kind === "only").map(({ values }) => values);
  const excluded = new Set(sets.flatMap(({ kind, values }) => (kind === "except" ? [...values] : [])));
  const [smallest] = allowed.toSorted((a, b) => a.size - b.size);
  if (!smallest) return { kind: "except", values: excluded };
  const isCommon = (value: string | null): boolean =>
    !excluded.has(value) && allowed.every((values) => values.has(value));
  return { kind: "only", values: new Set([...smallest].filter(isCommon)) };
}

/** Values that are in at least one set. */
export function union(sets: readonly ValueSet[]): ValueSet {
  return complement(intersection([...new Set(sets)].map(complement)));
}
