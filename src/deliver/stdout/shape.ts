import type { ReceiverShape } from "../shape.ts";

export const shape: ReceiverShape = {
  description: "Prints each notification as one line of JSON.",
  example: "`stdout: {}`",
  mayBeEmpty: true,
  keys: {},
  check: () => [],
  complete: () => ({}),
};
