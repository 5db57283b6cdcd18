import type { Dialect, LeafForm } from "../dialect.ts";

const asItIs: LeafForm = { escape: (text) => text, markup: false };

/** Any receiver of JSON: no text in it means anything before somebody decides so. */
export const dialect: Dialect = {
  kind: "webhook",
  limits: {
    // The size every CloudEvents intermediary must forward (CloudEvents 1.0.2, "Size Limits"); others take it too.
    bytes: 65_536,
    lines: 50,
    // Nothing is known of its limits: it says so with 429.
    pace: [],
  },
  tagKey: "",
  forms: {},
  otherForm: asItIs,
  addressKeys: [],
  nameKeys: [],
  isLayout: () => true,
};
