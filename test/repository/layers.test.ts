import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { codeLines, importsOf, readSources, type SourceFile } from "../support/source-files.ts";

const sources = readSources("src", "grammar");
const byPath = new Map(sources.map((source) => [source.path, source]));
const STAGES = ["collect", "decide", "deliver"];

/** The rooms of the house, by the paths that belong to them; the first that fits. */
const ROOMS: readonly (readonly [room: string, paths: RegExp])[] = [
  ["grammar", /^grammar\//],
  ["model", /^src\/model\//],
  ["words", /^src\/(?:suggest|text-position|version)\.ts$/],
  ["runtime", /^src\/runtime\//],
  ["language", /^src\/language\//],
  ["config", /^src\/config\//],
  ["collect", /^src\/collect\//],
  ["decide", /^src\/decide\//],
  ["deliver", /^src\/deliver\//],
  ["emulator", /^src\/emulator\//],
  ["demo", /^src\/demo\//],
  ["cli", /^src\/cli\//],
  ["engine", /^src\/[\w-]+\.ts$/],
];

/** What each room may import beside itself: other rooms, or single files of them. `types` is for `import type` alone. */
const MAY_IMPORT: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> =
  {
    grammar: { values: [] },
    model: { values: [] },
    words: { values: [] },
    runtime: { values: ["model"] },
    language: { values: ["model", "grammar", "words"] },
    // The one list of kinds of receivers: each says what its part of the file looks like.
    config: {
      values: ["model", "words", "src/deliver/kinds.ts"],
      types: ["src/deliver/kind.ts", "src/deliver/shape.ts"],
    },
    // The table of fields is all that the stages know of the language: rules reach them as plain data.
    collect: { values: ["model", "runtime"] },
    decide: { values: ["model", "runtime", "src/language/fields.ts"] },
    deliver: { values: ["model", "runtime", "src/language/fields.ts"] },
    engine: { values: ["model", "runtime", ...STAGES], types: ["config"] },
    emulator: { values: ["model"], types: ["src/runtime/clock.ts"] },
    demo: { values: ["model", "runtime", "engine", "cli", "emulator"] },
    cli: { values: ["model", "words", "runtime", "grammar", "language", "config", ...STAGES, "engine", "demo"] },
  };

/** Files over 300 lines, each one thing that would only be harder to follow in two. None grows beyond 400. */
const LONG_FILES: ReadonlySet<string> = new Set([
  "src/collect/reflector.ts",
  "src/decide/throttle.ts",
  "src/deliver/outbox.ts",
  "src/emulator/api-server.ts",
  "src/emulator/feishu-bot.ts",
]);

function roomOf(path: string): string {
  return ROOMS.find(([, paths]) => paths.test(path))?.[0] ?? "none";
}

/** Lines of code that fit a pattern, as `file:line`, but for files on the exempt paths. */
function places(pattern: RegExp, exempt = /^$/): string[] {
  return sources
    .filter(({ path }) => !exempt.test(path))
    .flatMap(({ path, text }) =>
      codeLines(text)
        .filter(({ code }) => pattern.test(code))
        .map(({ line }) => `${path}:${line}`),
    );
}

/** Files and packages that come with a file when it is loaded, without what it may load later. */
function loadedWith(path: string): Set<string> {
  const loaded = new Set<string>();
  const queue = [path];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (loaded.has(next)) continue;
    loaded.add(next);
    for (const { to, kind } of byPath.get(next)?.imports ?? []) if (kind === "value") queue.push(to);
  }
  return loaded;
}

function stagesKnownTo({ imports }: SourceFile): string[] {
  return STAGES.filter((stage) => imports.some(({ to }) => roomOf(to) === stage));
}

test("reads imports of every form", () => {
  const text = `
import "./effect.ts";
import type { A } from "./types.ts";
import Default, {
  type B,
  c,
} from "../model/rule.ts";
import * as all from "@scope/package/deep.js";
export { d } from "./d.ts";
export type { E } from "./e.ts";
export interface F { readonly g: string }
const late = await import("chevrotain/lib");
type H = typeof import("yaml");
const text = \`
not an import from "./nowhere.ts"\`;
`;
  expect(importsOf("src/cli/x.ts", text)).toEqual([
    { to: "src/cli/effect.ts", kind: "value" },
    { to: "src/cli/types.ts", kind: "type" },
    { to: "src/model/rule.ts", kind: "value" },
    { to: "@scope/package", kind: "value" },
    { to: "src/cli/d.ts", kind: "value" },
    { to: "src/cli/e.ts", kind: "type" },
    { to: "chevrotain", kind: "late" },
    { to: "yaml", kind: "type" },
  ]);
});

test("every file stands in a room, and imports only files that are there", () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter(({ path }) => roomOf(path) === "none").map(({ path }) => path)).toEqual([]);
  const missing = sources.flatMap(({ path, imports }) =>
    imports.filter(({ to }) => /^(?:src|grammar)\//.test(to) && !byPath.has(to)).map(({ to }) => `${path} → ${to}`),
  );
  expect(missing).toEqual([]);
});

test.each(Object.keys(MAY_IMPORT))("%s imports only the rooms it may know", (room) => {
  const { values = [], types = [] } = MAY_IMPORT[room] ?? {};
  const strangers = sources
    .filter(({ path }) => roomOf(path) === room)
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => byPath.has(to) && roomOf(to) !== room)
        .filter(({ to, kind }) => {
          const allowed = kind === "type" ? [...values, ...types] : values;
          return !allowed.includes(roomOf(to)) && !allowed.includes(to);
        })
        .map(({ to, kind }) => `${path} → ${to} (${kind})`),
    );
  expect(strangers).toEqual([]);
});

test("only the map, what builds its parts, and the two that bring decisions to disk know more than one stage", () => {
  const acquainted = sources.filter(({ path }) => roomOf(path) !== "cli");
  const knowing = (count: number): string[] =>
    acquainted.filter((source) => stagesKnownTo(source).length === count).map(({ path }) => path);
  expect(knowing(3)).toEqual(["src/main.ts", "src/pipeline.ts", "src/progress.ts"]);
  expect(knowing(2)).toEqual(["src/checkpoint.ts"]);
});

test.each(["src/main.ts", "src/cli/run.ts", "src/cli/kubewhen.ts"])(
  "loading %s loads no parser, no YAML and no schemas",
  (entry) => {
    const loaded = [...loadedWith(entry)];
    expect(loaded).toContain(entry);
    expect(
      loaded.filter((path) => /^(?:chevrotain|yaml|zod)$|^grammar\/|^src\/config|\/shape\.ts$/.test(path)),
    ).toEqual([]);
  },
);

test.each([
  ["chevrotain", /^grammar\//],
  ["yaml", /^src\/(?:config|cli\/)/],
  ["zod", /^src\/config|^src\/deliver\/(?:[\w-]+\/)?shape\.ts$/],
  ["undici", /^src\/(?:runtime\/kube|deliver\/http)\.ts$/],
  ["commander", /^src\/cli\//],
  ["@kubernetes/client-node", /^src\/runtime\/kube-credentials\.ts$/],
  ["node:sqlite", /^src\/runtime\/database\.ts$/],
  ["node:child_process", /^src\/compile\.ts$/],
  ["pino", /^src\/runtime\/logger\.ts$/],
  ["prom-client", /^src\/runtime\/(?:metrics|tally)\.ts$/],
])("%s is known in its own place only", (name, place) => {
  const users = sources.filter(({ imports }) => imports.some(({ to }) => to === name)).map(({ path }) => path);
  expect(users).not.toEqual([]);
  expect(users.filter((path) => !place.test(path))).toEqual([]);
});

test("nothing but its folder and the one list names a kind of receiver", () => {
  const kinds = new Set(sources.map(({ path }) => /^src\/deliver\/([\w-]+)\//.exec(path)?.[1]).filter(Boolean));
  expect(kinds.size).toBeGreaterThan(1);
  const named = new RegExp(`["'\`](?:${[...kinds].join("|")})["'\`]|/(?:${[...kinds].join("|")})/`);
  // Emulators and the demo are the other side; help shows examples.
  const allowed = /^src\/(?:deliver\/(?:kinds\.ts|[\w-]+\/)|emulator\/|demo\/|cli\/kubewhen\.ts)/;
  expect(places(named, allowed)).toEqual([]);
  expect(places(named).filter((place) => place.startsWith("src/deliver/kinds.ts"))).toHaveLength(3 * kinds.size);
});

test("a dialect can be read anywhere, and no kind knows another", () => {
  const ofKinds = sources.filter(({ path }) => /^src\/deliver\/[\w-]+\//.test(path));
  const loads = ofKinds
    .filter(({ path }) => path.endsWith("/dialect.ts"))
    .flatMap(({ path, imports }) => imports.filter(({ kind }) => kind !== "type").map(({ to }) => `${path} → ${to}`));
  expect(loads).toEqual([]);
  const strangers = ofKinds.flatMap(({ path, imports }) =>
    imports
      .filter(({ to }) => /^src\/deliver\/[\w-]+\//.test(to) && dirname(to) !== dirname(path))
      .map(({ to }) => `${path} → ${to}`),
  );
  expect(strangers).toEqual([]);
});

test("files and folders are named after what they hold", () => {
  const paths = readSources("src", "grammar", "test", "deploy").map(({ path }) => path);
  expect(paths.filter((path) => !/^[a-z0-9-]+(?:\.test|\.config)?\.ts$/.test(basename(path)))).toEqual([]);
  expect(paths.filter((path) => basename(path) === "index.ts")).toEqual([]);
  const vague = /(?:^|\/)(?:utils?|lib|libs|helpers?|common|shared|misc|services?|managers?)(?:\/|\.ts$)/;
  expect(paths.filter((path) => vague.test(path))).toEqual([]);
});

test("no file outgrows its room", () => {
  const long = sources.filter(({ text }) => text.split("\n").length - 1 > 300);
  expect(long.map(({ path }) => path).filter((path) => !LONG_FILES.has(path))).toEqual([]);
  expect(long.filter(({ text }) => text.split("\n").length - 1 > 400).map(({ path }) => path)).toEqual([]);
});

test("nothing but the clock asks the machine for the time", () => {
  const calls =
    /\b(?:Date\.now|performance\.now|process\.(?:hrtime|uptime)|setTimeout|setInterval|setImmediate|AbortSignal\.timeout)\(/;
  const clocks = [
    "src/runtime/clock.ts",
    // The cluster and the bot of the demo are the world outside, which has clocks of its own.
    "src/demo/",
    "src/emulator/",
    // A log line bears the machine's time, even where the engine's clock plays a day in seconds.
    "src/runtime/logger.ts",
    // One attempt by hand, with nothing to test but the receiver.
    "src/cli/send-test.ts",
  ];
  const asked = [...places(calls), ...places(/\bnew Date\(\)|"(?:node:)?timers/)];
  expect(asked.filter((place) => !clocks.some((clock) => place.startsWith(clock)))).toEqual([]);
});

test("nobody writes to the console, and no type is left open", () => {
  expect(places(/\bconsole\.\w/)).toEqual([]);
  expect(places(/(?::|<|\||,|\bas|=>)\s*any\b(?!\s*\w)|\bany\[\]/)).toEqual([]);
  expect(places(/@ts-(?:ignore|nocheck|expect-error)/)).toEqual([]);
});

test("no enums, and classes only where an error or a library asks for one", () => {
  expect(places(/^\s*(?:export )?(?:const )?enum\b/)).toEqual([]);
  const classes = /\bclass (?!\w+ extends (?:Error|CstParser|Handlebars\.Visitor)\b)\w+.*\{$/;
  // What a helper of a layout has escaped already is told apart by being of a class.
  expect(places(classes, /^src\/deliver\/layout\.ts$/)).toEqual([]);
});

test("every test stands where the file it tests stands", () => {
  const tests = readSources("test").map(({ path }) => path);
  const folders = new Set(sources.map(({ path }) => dirname(path).replace(/^src\/?/, "")));
  const own = new Set(["repository", "deploy", "rules", "flow", "cluster", "bench", "support", ""]);
  const strays = tests
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => dirname(path).replace(/^test\/?/, ""))
    .filter((folder) => !folders.has(folder) && !own.has(folder));
  expect(strays).toEqual([]);
});
