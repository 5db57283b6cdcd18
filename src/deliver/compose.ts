import type { Alert } from "../model/alert.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Message } from "../model/message.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Dialect } from "./dialect.ts";
import { cutText } from "./escape.ts";
import type { Item } from "./kind.ts";
import { type Layout, LayoutError, type LayoutTree, compileLayout, compileText } from "./layout.ts";
import { createLocalTime } from "./local-time.ts";
import { type Language, TEXTS } from "./texts.ts";
import { type LayoutAlert, viewAlert } from "./view.ts";
import { wordAlert } from "./words.ts";

export interface ComposerOptions {
  /** Layouts by name. */
  readonly templates: Readonly<Record<string, LayoutTree>>;
  readonly language: Language;
  /** IANA name; the process's own (`TZ`) if not given. */
  readonly timeZone?: string;
  readonly logger: Pick<Logger, "warn">;
}

/** Finds the words of deliveries: with the layouts and the language of one configuration. */
export interface Composer {
  /** The words of a delivery for a kind's dialect. Nothing is rendered before it is asked for. */
  item(delivery: Delivery, dialect: Dialect): Item;
}

/** Most `with` texts kept compiled: beyond all that rules of a sensible size have. */
const MAX_COMPILED_TEXTS = 1024;

/**
 * A layout that is gone since the rule was read, or does not fit the dialect, gives way to the default message, with
 * one warning for each layout and kind.
 */
export function createComposer({ templates, language, timeZone, logger }: ComposerOptions): Composer {
  const localTime = createLocalTime(timeZone);
  const words = { texts: TEXTS[language], localTime };
  const layouts = new Map<string, Layout | null>();
  const texts = new Map<string, (view: object) => string>();

  const compileFor = (name: string, dialect: Dialect): Layout | null => {
    const tree = Object.hasOwn(templates, name) ? templates[name] : undefined;
    if (tree === undefined) return refuse(name, dialect, "the configuration has no such template");
    if (!dialect.isLayout(tree)) return refuse(name, dialect, "it is no message of this kind of receiver");
    try {
      return compileLayout(tree, dialect, localTime);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return refuse(name, dialect, error.message);
    }
  };

  const refuse = (template: string, { kind }: Dialect, why: string): null => {
    logger.warn({ template, kind, why }, "a template cannot be used: the default message goes out");
    return null;
  };

  const layoutOf = (name: string, dialect: Dialect): Layout | null => {
    const key = JSON.stringify([dialect.kind, name]);
    let layout = layouts.get(key);
    if (layout === undefined) {
      layout = compileFor(name, dialect);
      layouts.set(key, layout);
    }
    return layout;
  };

  const textOf = (text: string): ((view: object) => string) => {
    let compiled = texts.get(text);
    if (compiled === undefined) {
      compiled = compileOr(text);
      if (texts.size >= MAX_COMPILED_TEXTS) texts.clear();
      texts.set(text, compiled);
    }
    return compiled;
  };

  /** A text of an older rule set that today's checks refuse stands as it was written. */
  const compileOr = (text: string): ((view: object) => string) => {
    try {
      return compileText(text, localTime);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return () => text;
    }
  };

  const rendered = (alert: LayoutAlert, dialect: Dialect): ((maxLead: number) => unknown) | null => {
    const { rule } = alert;
    const layout = rule === null || rule.template === null ? null : layoutOf(rule.template, dialect);
    if (layout === null) return null;
    const view = viewAlert(alert);
    const extra = Object.entries(rule?.values ?? {}).map(([name, text]) => [name, textOf(text)(view)] as const);
    const given = { ...Object.fromEntries(extra), ...view };
    return (maxLead) => layout({ ...given, message: cutText(view.message, maxLead) });
  };

  const layoutFor = (alert: Alert, dialect: Dialect): ((maxLead: number) => unknown) | null => {
    switch (alert.kind) {
      case "event":
      case "resolved":
      case "absent":
        return rendered(alert, dialect);
      case "ready":
        return alert.bodyKind === dialect.kind ? parsed(alert.body) : null;
      case "digest":
      case "notice":
      case "test":
        return null;
    }
  };

  return {
    item(delivery, dialect) {
      const { alert, receiver } = delivery;
      let wording: ((maxLead: number) => Message) | null = null;
      return {
        delivery,
        message: (maxLead) => (wording ??= wordAlert(alert, receiver, words))(maxLead),
        layout: delivery.plain === 0 ? layoutFor(alert, dialect) : null,
        edits: null,
      };
    },
  };
}

/** A body as a tree; null for what is none. */
function parsed(body: string): (() => unknown) | null {
  try {
    const tree: unknown = JSON.parse(body);
    return () => tree;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
