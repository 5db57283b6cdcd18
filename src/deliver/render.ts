import type { FloodDigest, PassedMatch } from "../model/match.ts";
import type { Notification } from "../model/notification.ts";
import type { Rule } from "../model/rule.ts";
import { cleanText, cutText, oneLine } from "./escape.ts";
import { type CardStyle, eventCard, floodCard, heldText, objectOf, testCard, titleOf } from "./feishu/card.ts";
import { textBody } from "./feishu/plainer.ts";
import { type Layout, type LayoutTree, compileLayout, compileText } from "./layout.ts";
import { createLocalTime } from "./local-time.ts";
import { type Language, TEXTS } from "./texts.ts";
import { type EventView, isoTime, viewEvent } from "./view.ts";

/** As much of a receiver as rendering needs. */
type RenderReceiver =
  /** `keywords`: words the bot insists on. */
  | { readonly kind: "feishu"; readonly name: string; readonly keywords: readonly string[] }
  | { readonly kind: "stdout"; readonly name: string };

export interface RendererOptions {
  readonly cluster: string;
  readonly receivers: readonly RenderReceiver[];
  /** Layouts by name. Throws `LayoutError` for one `checkLayout` finds fault with. */
  readonly templates: Readonly<Record<string, LayoutTree>>;
  /** Of the default card; `en` if not given. */
  readonly language?: Language;
  /** IANA name; the process's own (`TZ`) if not given. */
  readonly timeZone?: string;
}

/** Turns what passed into bodies. Never fails and never drops: a body too large is made to fit. */
export interface Renderer {
  /** One notification per receiver of the match. */
  render(passed: PassedMatch): readonly Notification[];
  renderDigest(flood: FloodDigest): readonly Notification[];
  /** A notification that says it is a test. Throws for a receiver that is not configured. */
  renderTest(receiver: string): Notification;
}

/**
 * Largest body aimed at, in UTF-8 bytes. A bot takes 20 KB, sign fields included (Feishu custom-bot guide, 2026-11),
 * and does not say whether K is 1,000; the sign fields take 90.
 */
const MAX_BODY_BYTES = 18_000;
/** Longer messages are cut before they are escaped. Kubernetes itself ends them at 1,024 characters. */
const MAX_MESSAGE_LENGTH = 8000;
const MAX_SUMMARY_LENGTH = 1000;

/**
 * The body with as much of the message as fits. Escaping makes a character 5 or 6 bytes, so the first cut aims too
 * high at times; each round takes what is over and a tenth more. Null when not even an empty message fits.
 */
function fitBody(build: (message: string) => string, message: string): string | null {
  let length = Math.min(message.length, MAX_MESSAGE_LENGTH);
  for (;;) {
    const body = build(cutText(message, length));
    const bytes = Buffer.byteLength(body);
    if (bytes <= MAX_BODY_BYTES) return body;
    if (length === 0) return null;
    length = Math.floor(length * Math.min(0.9, (MAX_BODY_BYTES / bytes) * 0.9));
    if (length < 16) length = 0;
  }
}

/** Keeps operators' layouts short: a tree that is only a card is put into a request body. */
function requestBody(tree: unknown): unknown {
  if (typeof tree !== "object" || tree === null || "msg_type" in tree) return tree;
  return "elements" in tree || "header" in tree || "schema" in tree ? { msg_type: "interactive", card: tree } : tree;
}

/** The notification in one plain line: for texts in a card's place and for people who read dead letters. */
function summaryOf(view: EventView, style: CardStyle): string {
  const title = titleOf(style, view.reason === "" ? view.kind : view.reason);
  const held = heldText(view, style);
  const tail = held === "" ? "" : ` (${held})`;
  const text = `${title}: ${view.type} ${view.kind} ${objectOf(view)}${tail}: ${view.message.slice(0, MAX_MESSAGE_LENGTH)}`;
  return cutText(oneLine(text), MAX_SUMMARY_LENGTH);
}

/** What a stdout receiver prints. Field names are a stable interface. */
function lineOf(view: EventView, message: string): Readonly<Record<string, unknown>> {
  return {
    time: view.lastSeen,
    severity: view.severity,
    rule: view.rule,
    cluster: view.cluster,
    type: view.type,
    kind: view.kind,
    namespace: view.namespace,
    name: view.name,
    host: view.host,
    reason: view.reason,
    message,
    count: view.count,
    held: view.held,
  };
}

/** Renders with the layouts and words of one configuration; templates are compiled here, once. */
export function createRenderer(options: RendererOptions): Renderer {
  const cluster = cleanText(options.cluster);
  const texts = TEXTS[options.language ?? "en"];
  const localTime = createLocalTime(options.timeZone);
  const receivers = new Map(options.receivers.map((one) => [one.name, one]));
  const layouts = new Map<string, Layout>(
    Object.entries(options.templates).map(([name, tree]) => [name, compileLayout(tree, localTime)]),
  );
  /** Compiled `with` values; rules live as long as their rule set. */
  const values = new WeakMap<Rule, readonly (readonly [string, (view: object) => string])[]>();

  const valuesOf = (rule: Rule, view: EventView): Readonly<Record<string, string>> => {
    let compiled = values.get(rule);
    if (compiled === undefined) {
      compiled = Object.entries(rule.values).map(([name, text]) => [name, compileText(text, localTime)] as const);
      values.set(rule, compiled);
    }
    return Object.fromEntries(compiled.map(([name, render]) => [name, render(view)]));
  };

  const styleOf = (receiver: RenderReceiver): CardStyle => ({
    cluster,
    keywords: receiver.kind === "feishu" ? receiver.keywords : [],
    texts,
    localTime,
  });

  const receiverOf = (name: string): RenderReceiver => receivers.get(name) ?? { name, kind: "stdout" };

  const eventBody = (rule: Rule, view: EventView, receiver: RenderReceiver): string => {
    const style = styleOf(receiver);
    const layout = rule.template === null ? undefined : layouts.get(rule.template);
    if (layout !== undefined) {
      const extra = valuesOf(rule, view);
      const body = fitBody((message) => {
        const tree = layout({ ...extra, ...view, message });
        return JSON.stringify(receiver.kind === "feishu" ? requestBody(tree) : tree);
      }, view.message);
      // A layout too large even without the message falls back to the default card.
      if (body !== null) return body;
    }
    const build =
      receiver.kind === "feishu"
        ? (message: string): string => JSON.stringify(eventCard(view, message, style))
        : (message: string): string => JSON.stringify(lineOf(view, message));
    return fitBody(build, view.message) ?? textBody(summaryOf(view, style));
  };

  return {
    render({ match, receivers: names, held }) {
      const view = viewEvent(match.seen, { rule: match.rule, cluster, held });
      return names.map((name) => {
        const receiver = receiverOf(name);
        return {
          receiver: name,
          rule: match.rule.name,
          severity: view.severity,
          body: eventBody(match.rule, view, receiver),
          summary: summaryOf(view, styleOf(receiver)),
        };
      });
    },
    renderDigest(flood) {
      const { rule } = flood;
      const severity = rule.severity ?? "warning";
      const samples = flood.samples.map((seen) => viewEvent(seen, { rule, cluster, held: null }));
      return flood.receivers.map((name) => {
        const receiver = receiverOf(name);
        const { title, ...card } = floodCard(flood, samples.slice(0, 10), styleOf(receiver));
        const printed = {
          time: isoTime(flood.to),
          severity,
          rule: rule.name,
          cluster,
          flood: { groups: flood.groups, occurrences: flood.occurrences, since: isoTime(flood.from) },
          samples: samples.map((view) => `${view.kind} ${objectOf(view)} ${view.reason}`),
        };
        const summary = cutText(oneLine(`${title}: ${printed.samples.join(", ")}`), MAX_SUMMARY_LENGTH);
        const body = JSON.stringify(receiver.kind === "feishu" ? card : printed);
        return {
          receiver: name,
          rule: rule.name,
          severity,
          body: Buffer.byteLength(body) <= MAX_BODY_BYTES ? body : textBody(summary),
          summary,
        };
      });
    },
    renderTest(name) {
      const receiver = receivers.get(name);
      if (receiver === undefined) throw new Error(`no receiver ${name}`);
      const style = styleOf(receiver);
      const summary = `${titleOf(style, texts.testTitle)}: ${texts.test(name)}`;
      const printed = { severity: "info", rule: "send-test", cluster, message: texts.test(name) };
      const body = receiver.kind === "feishu" ? testCard(name, style) : printed;
      return { receiver: name, rule: "send-test", severity: "info", body: JSON.stringify(body), summary };
    },
  };
}
