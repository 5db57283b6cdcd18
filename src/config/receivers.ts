import type { FeishuInput, ReceiverInput } from "./schema.ts";
import type { ConfigSource, Path } from "./source.ts";
import { nearest } from "../suggest.ts";

/** A mistake at a place of the tree; `key` points at the name instead of the value. */
export interface ReceiverMistake {
  readonly code: "E512" | "W514";
  readonly path: Path;
  readonly at: "key" | "value";
  readonly message: string;
  readonly help?: string;
}

const KINDS = ["feishu", "stdout"] as const satisfies readonly (keyof ReceiverInput)[];
const SECRET_KEYS = ["url", "secret"] as const satisfies readonly (keyof FeishuInput)[];

/**
 * What is wrong with receivers beyond the shape of each value: more than one kind, a name taken twice, a URL that
 * is no webhook, a secret in the file. Takes any value, so that it speaks even where the shape is wrong too.
 */
export function checkReceivers(receivers: unknown, source: ConfigSource): readonly ReceiverMistake[] {
  if (!Array.isArray(receivers)) return [];
  const mistakes: ReceiverMistake[] = [];
  const taken = new Map<string, number>();
  for (const [index, receiver] of receivers.entries()) {
    if (!isSection(receiver)) continue;
    const path = ["receivers", index];
    const name = receiver["name"];
    if (typeof name === "string") {
      const earlier = taken.get(name);
      if (earlier === undefined) taken.set(name, index);
      else {
        const message = `this name is taken by receiver ${earlier + 1} of the list`;
        mistakes.push({ code: "E512", path: [...path, "name"], at: "value", message });
      }
    }
    mistakes.push(...checkKind(receiver, path));
    if (isSection(receiver["feishu"])) {
      mistakes.push(...checkFeishu(receiver["feishu"], [...path, "feishu"], source));
    }
  }
  return mistakes;
}

function checkKind(receiver: Readonly<Record<string, unknown>>, path: Path): readonly ReceiverMistake[] {
  const kinds = KINDS.filter((kind) => Object.hasOwn(receiver, kind));
  if (kinds.length === 1 || (kinds.length === 0 && hasMisspelt(receiver, KINDS))) return [];
  const [first, second] = kinds;
  if (second !== undefined) {
    const message = `a receiver has one kind, and this one is \`${first}\` already`;
    return [{ code: "E512", path: [...path, second], at: "key", message, help: "make it two receivers" }];
  }
  const message = "receiver has no kind";
  return [{ code: "E512", path, at: "value", message, help: "give it `feishu:` with a URL, or `stdout: {}`" }];
}

function checkFeishu(
  feishu: Readonly<Record<string, unknown>>,
  path: Path,
  source: ConfigSource,
): readonly ReceiverMistake[] {
  const mistakes: ReceiverMistake[] = [];
  for (const key of SECRET_KEYS) {
    const fileKey = `${key}File`;
    if (Object.hasOwn(feishu, key) && Object.hasOwn(feishu, fileKey)) {
      const message = `\`${key}\` and \`${fileKey}\` exclude each other`;
      mistakes.push({ code: "E512", path: [...path, fileKey], at: "key", message, help: "keep one of them" });
    }
    const placed = source.at([...path, key]);
    const value = feishu[key];
    if (typeof value !== "string" || placed === undefined || placed.broken || placed.raw === null) continue;
    const fault = key === "url" ? explainFeishuUrl(value) : null;
    if (fault !== null) mistakes.push({ code: "E512", path: [...path, key], at: "value", ...fault });
    else if (isLiteral(placed.raw)) {
      const message = `\`${key}\` is a secret and stands in the file`;
      const help = `use \`${fileKey}\`, or \`\${NAME}\` from the environment`;
      mistakes.push({ code: "W514", path: [...path, key], at: "value", message, help });
    }
  }
  if (!Object.hasOwn(feishu, "url") && !Object.hasOwn(feishu, "urlFile") && !hasMisspelt(feishu, ["url", "urlFile"])) {
    const help = "add `urlFile:` with the path of a file, or `url: ${NAME}`";
    mistakes.push({ code: "E512", path, at: "key", message: "feishu receiver has no webhook URL", help });
  }
  return mistakes;
}

/** The secret of a webhook URL is its last segment, so a URL is literal unless that part comes from outside. */
function isLiteral(raw: string): boolean {
  return raw !== "" && !raw.slice(raw.lastIndexOf("/") + 1).includes("${");
}

/**
 * Why a text is not the webhook URL of a Feishu or Lark custom bot, or null when it is one (Feishu custom-bot
 * guide, 2026-11). Never repeats any of the text: the URL is the credential.
 *
 * The host is left open, since companies run Feishu under their own. Plain HTTP is for a bot on this machine only,
 * as the demo has one.
 */
function explainFeishuUrl(text: string): { readonly message: string; readonly help?: string } | null {
  const help = "it looks like https://open.feishu.cn/open-apis/bot/v2/hook/<token>";
  const url = URL.parse(text.trim());
  if (url === null) return { message: "webhook URL is not a URL", help };
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    return { message: "webhook URL must be https", help };
  }
  if (url.username !== "" || url.password !== "") return { message: "webhook URL must hold no user or password", help };
  if (url.pathname.startsWith("/flow/api/")) {
    const message = "this is the URL of a Feishu flow, not of a custom bot";
    return { message, help: "add a custom bot to the group and take its webhook address" };
  }
  if (url.pathname.startsWith("/open-apis/bot/hook/")) {
    const message = "this is the URL of a bot of the old kind, which takes no cards";
    return { message, help: "add a new custom bot to the group; its webhook address has `/bot/v2/hook/` in it" };
  }
  if (!/^\/open-apis\/bot\/v2\/hook\/[A-Za-z0-9._~-]+$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    return { message: "webhook URL does not name a custom bot", help };
  }
  return null;
}

function hasMisspelt(section: Readonly<Record<string, unknown>>, known: readonly string[]): boolean {
  return Object.keys(section).some((key) => !known.includes(key) && nearest(key, known) !== null);
}

/** True for a value with keys: a YAML mapping. */
export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
