import type { Check } from "../check.ts";

/** W415: a threshold starts afresh each time it fires, so a lasting storm fires it again and again. */
export const loneThreshold: Check = ({ node }) => {
  if (node.kind !== "rule") return [];
  const rates = node.clauses.filter((clause) => clause.kind === "rate");
  const threshold = rates.find((rate) => rate.operator !== "<");
  if (threshold === undefined || rates.length > 1) return [];
  const times = threshold.operator === ">" ? threshold.count + 1 : threshold.count;
  return [
    {
      code: "W415",
      message: `a lasting storm notifies after every ${times} occurrences`,
      help: "add a throttle such as `rate<1/1h`",
      start: threshold.start,
      end: threshold.end,
    },
  ];
};
