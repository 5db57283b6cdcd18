import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createConfigLoader } from "../../src/config/config.ts";
import { loadRules } from "../../src/language/load.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { VERSION } from "../../src/version.ts";
import { runProgram } from "../support/programs.ts";
import { filesBelow, readSources, ROOT } from "../support/source-files.ts";

interface Package {
  readonly version: string;
  readonly license: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const manifest = JSON.parse(text("package.json")) as Package;
const pages = filesBelow("", (path) => path.endsWith(".md")).filter((path) => !path.startsWith("test/fixtures/"));
const readme = text("README.md");
const architecture = text("ARCHITECTURE.md");

/** The first group of every hit. */
function found(page: string, pattern: RegExp): string[] {
  return Array.from(page.matchAll(pattern), ([, first = ""]) => first);
}

function blocks(page: string, language: string): string[] {
  return found(page, new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm"));
}

/** A page without its blocks of code. */
function proseOf(page: string): string {
  return page.replaceAll(/^ *```[\s\S]*?^ *```/gm, "");
}

function section(page: string, heading: string): string {
  const [, rest = ""] = page.split(`\n## ${heading}\n`);
  const [body = ""] = rest.split("\n## ");
  if (body === "") throw new Error(`there is no section ${heading}`);
  return body;
}

/** Body rows of the first table, cells trimmed. */
function tableRows(part: string): string[][] {
  return part
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Paths that the drawn tree names, folders with a slash at their end. */
function drawnPaths(): string[] {
  const [tree = ""] = blocks(section(architecture, "The tree"), "");
  const folders: string[] = [];
  return tree
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const depth = (line.length - line.trimStart().length) / 2;
      const [names = ""] = line.trim().split(/ {2,}/);
      const above = folders.slice(0, depth).join("");
      if (names.endsWith("/")) folders[depth] = names;
      return names.split(" ").map((name) => above + name);
    });
}

test.each(pages)("%s links to what is there", (page) => {
  const targets = [...found(text(page), /\]\(([^)\s]+)\)/g), ...found(text(page), /(?:src|href)="([^"]+)"/g)];
  const missing = targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !headingsOf(text(file)).has(anchor);
    });
  expect(missing).toEqual([]);
});

/** Anchors of a page, as GitHub makes them of its headings. */
function headingsOf(page: string): Set<string> {
  const slugs = found(proseOf(page), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(slugs);
}

test.each(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])("every path that %s names is there", (page) => {
  const spans = found(proseOf(text(page)), /`([^`\n]+)`/g);
  const named = spans.filter((span) => /^[\w.-]+(?:\/[\w.-]+)*\/?$/.test(span) && /\/|\.(?:ts|md)$/.test(span));
  const inCommands = found(
    blocks(text(page), "sh").join("\n"),
    /(?<![\w/.-])((?:deploy|rules|grammar|src|test)\/[\w./-]*)/g,
  );
  expect([...named, ...inCommands].filter((path) => !path.startsWith("dist/") && !isThere(path))).toEqual([]);
});

/** Whether a path from the root, or from `src/`, leads anywhere. */
function isThere(path: string): boolean {
  return existsSync(join(ROOT, path)) || existsSync(join(ROOT, "src", path));
}

test("ARCHITECTURE.md draws the tree as it is", () => {
  const drawn = drawnPaths();
  expect(drawn.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const drawnSet = new Set(drawn);
  const files = filesBelow("src", () => true).concat(filesBelow("grammar", () => true));
  const folders = new Set(files.map((path) => `${dirname(path)}/`));
  expect([...folders].filter((folder) => !drawnSet.has(folder))).toEqual([]);
  // The way of an Event, and what stands at the root, file by file.
  const byName = /^(?:src\/[\w-]+\.ts$|src\/(?:collect|config|decide|deliver|model|runtime)\/|grammar\/)/;
  expect(files.filter((path) => byName.test(path) && !drawnSet.has(path))).toEqual([]);
});

test("ARCHITECTURE.md lists the dependencies, and where each is used", () => {
  const rows = tableRows(section(architecture, "Dependencies at run time")).map((cells) => {
    const [name = ""] = found(cells[0] ?? "", /`([^`]+)`/g);
    return { name, places: found(cells[1] ?? "", /`([^`]+)`/g), rest: cells.slice(2) };
  });
  expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  const sources = readSources("src", "grammar");
  const faults = rows.flatMap(({ name, places, rest }) => {
    const users = sources.filter(({ imports }) => imports.some(({ to }) => to === name)).map(({ path }) => path);
    return [
      users.filter((path) => !places.some((place) => covers(place, path))).map((path) => `${path} uses ${name} too`),
      places.filter((place) => !users.some((path) => covers(place, path))).map((place) => `${place} has no ${name}`),
      rest.filter((cell) => cell === "").map(() => `the row of ${name} has an empty cell`),
    ].flat();
  });
  expect(faults).toEqual([]);
});

/** Whether a file, or a folder with a slash at its end, is or holds the path. */
function covers(place: string, path: string): boolean {
  return path === place || (place.endsWith("/") && path.startsWith(place));
}

test("the flow goes through its stations in order", () => {
  const stations = tableRows(section(architecture, "The flow"))
    .map(([station = "", file = ""]) => ({ number: Number.parseInt(station, 10), folder: found(file, /`(\w+)\//g)[0] }))
    .filter(({ number }) => !Number.isNaN(number));
  expect(stations.map(({ number }) => number)).toEqual(stations.map((_, index) => index + 1));
  const order = ["collect", "decide", "deliver"];
  const ranks = stations.flatMap(({ folder }) => (folder === undefined ? [] : [order.indexOf(folder)]));
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
});

test.each(pages)("every command %s shows is one we have", (page) => {
  const scripts = found(text(page), /\bnpm run (?:-s )?([\w:-]+)/g);
  if (/\bnpm start\b/.test(text(page))) scripts.push("start");
  if (/\bnpm test\b/.test(text(page))) scripts.push("test");
  expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
});

const shown = [...new Set(found(readme, /\b((?:kubewhen|rulecheck) -- [a-z-]+)/g))];

test.each(shown)("README.md shows `npm run -s %s` with options it has", async (command) => {
  const [program, subcommand = ""] = command.split(" -- ");
  const ended = await runProgram(program === "kubewhen" ? "kubewhen" : "rulecheck", [subcommand, "--help"]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain(subcommand);
  const options = readme
    .split("\n")
    .filter((line) => line.includes(command))
    .flatMap((line) => found(line.slice(line.indexOf(command)).replace(/ # .*$/, ""), / (--[a-z][a-z-]*)/g));
  expect(options.filter((option) => !ended.stdout.includes(option))).toEqual([]);
});

test("the rules README.md shows are free of errors and warnings", () => {
  const examples = blocks(readme, "rules");
  expect(examples.join("")).toContain("when type=Warning and kind=Pod rate<5/10m notify feishu\n");
  const { diagnostics } = loadRules(
    examples.map((example, index) => ({ file: `${index}.rules`, text: example })),
    { receivers: ["feishu", "dump"], templates: [] },
  );
  expect(diagnostics).toEqual([]);
});

test("the configuration README.md shows is in order", async () => {
  const loadConfig = await createConfigLoader();
  const [example = ""] = blocks(readme, "yaml");
  const env = { FEISHU_URL: "https://open.feishu.cn/open-apis/bot/v2/hook/3f6a1c52-0000-4000-8000-000000000000" };
  expect(loadConfig("config.yaml", example, env)).toMatchObject({ diagnostics: [], config: { cluster: "home" } });
});

test("every metric that a document names is one we have", async () => {
  const known = new Set((await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name));
  expect(known.size).toBeGreaterThan(10);
  const manifests = filesBelow("deploy", (path) => path.endsWith(".yaml"));
  const unknown = [...pages, ...manifests].flatMap((page) =>
    found(text(page), /\b(kubewhen_[a-z_]+)/g)
      .filter((name) => !known.has(name))
      .map((name) => `${page}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test("one licence and one version", () => {
  expect(manifest.license).toBe("Apache-2.0");
  expect(text("LICENSE")).toContain("Apache License\n                           Version 2.0, January 2004");
  expect(readme).toContain("Apache-2.0");
  expect(VERSION).toBe(manifest.version);
  expect(Object.values(manifest.bin).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("CHANGELOG.md has what is to come on top, in lines of one form", () => {
  const changes = text("CHANGELOG.md");
  expect(found(changes, /^## (.+)$/gm)[0]).toBe("Unreleased");
  const entries = found(changes, /^[*-] (.+)$/gm);
  expect(entries.length).toBeGreaterThan(0);
  expect(
    entries.filter((entry) => !/^\[(?:CHANGE|FEATURE|ENHANCEMENT|BUGFIX|SECURITY)\] [a-z]+: \S/.test(entry)),
  ).toEqual([]);
});

test("nothing written here tells of how it came to be written", () => {
  const banned = [
    // One may speak of the sessions of a protocol.
    /(?<!\b(?:HTTP\/2|TLS|SSH) )\bsessions?\b/i,
    /(?:^|[\s"'`(])(?:\.\.\/)+shared\//,
    /\/work\//,
    // An issue's number, but not an entity or a chapter of Unicode.
    /(?<![&\w/]|UAX )#\d{1,6}\b/,
    /\b(?:FIXME|XXX)\b/,
    /\bTODO\b(?!\([\w-]+\): )/,
    /\b(?:Claude|ChatGPT|Copilot|LLM)\b/i,
  ];
  const written = filesBelow("", (path) => /\.(?:ts|md|rules|yaml|yml)$|(?:^|\/)Dockerfile$/.test(path));
  const places = written
    // Listing the words is the one way to ban them.
    .filter((path) => path !== "test/repository/documents.test.ts" && !path.startsWith("test/fixtures/"))
    .flatMap((path) =>
      text(path)
        .split("\n")
        .flatMap((line, index) =>
          banned.some((word) => word.test(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
  expect(places).toEqual([]);
});
