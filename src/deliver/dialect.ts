import type { Limits } from "./kind.ts";
import type { LayoutTree } from "./layout.ts";

/** How clean text is written into one string of a body, so that it shows as it is and does nothing. */
type Escape = (text: string) => string;

/** How a receiver reads one string of a layout. */
export interface LeafForm {
  readonly escape: Escape;
  /** `<…>` and `](…)` in it mean something to the receiver. */
  readonly markup: boolean;
}

/**
 * How one kind of receiver reads layouts, and what it can bear. The file that holds it imports types
 * alone, so that it can be read where there is neither Node nor a network.
 */
export interface Dialect {
  /** Name of the kind. */
  readonly kind: string;
  readonly limits: Limits;
  /** The key whose value says how the texts beside it and below it are read; empty where there is none. */
  readonly tagKey: string;
  /** By that value. */
  readonly forms: Readonly<Record<string, LeafForm>>;
  /** Of all other texts. */
  readonly otherForm: LeafForm;
  /** Keys whose text is an address, wherever they stand. */
  readonly addressKeys: readonly string[];
  /** Keys whose text names somebody or something, such as whom to mention: no text of an Event stands there. */
  readonly nameKeys: readonly string[];
  /** Whether a layout can be a message of this kind. */
  isLayout(tree: LayoutTree): boolean;
}
