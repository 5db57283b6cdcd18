import type { Dialect, LeafForm } from "../dialect.ts";

const asItIs: LeafForm = { escape: (text) => text, markup: false };

/** Lines of JSON for logs and pipes: nothing in them means anything to whoever reads them. */
export const dialect: Dialect = {
  kind: "stdout",
  limits: { bytes: 18_000, lines: 50, pace: [] },
  tagKey: "",
  forms: {},
  otherForm: asItIs,
  addressKeys: [],
  nameKeys: [],
  isLayout: () => true,
};
