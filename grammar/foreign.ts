/** Our operator for another language's. */
export const FOREIGN_OPERATORS: ReadonlyMap<string, string> = new Map([
  ["==", "="],
  ["===", "="],
  ["!==", "!="],
  ["<>", "!="],
  ["&&", "and"],
  ["&", "and"],
  ["||", "or"],
  ["|", "or"],
  ["!", "not"],
  ["~", "=~"],
  ["~=", "=~"],
  ["=>", ">="],
  ["=<", "<="],
]);

/** Our operator for another language's word between a field and its value; keys in lower case. */
export const FOREIGN_WORDS: ReadonlyMap<string, string> = new Map([
  ["is", "="],
  ["eq", "="],
  ["equal", "="],
  ["equals", "="],
  ["ne", "!="],
  ["neq", "!="],
  ["isnot", "!="],
  ["matches", "=~"],
  ["match", "=~"],
  ["regex", "=~"],
  ["regexp", "=~"],
  ["rlike", "=~"],
  ["notin", "not in"],
  ["nin", "not in"],
  ["includes", "contains"],
  ["has", "contains"],
  ["gt", ">"],
  ["gte", ">="],
  ["ge", ">="],
  ["lt", "<"],
  ["lte", "<="],
  ["le", "<="],
]);

/** Words for which ours needs another value too, with the form to write. */
export const FOREIGN_FORMS: ReadonlyMap<string, string> = new Map([
  ["startswith", 'like "text*"'],
  ["endswith", 'like "*text"'],
  ["ilike", '=~ "(?i)text"'],
  ["icontains", '=~ "(?i)text"'],
]);
