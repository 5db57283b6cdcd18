import { glob, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform, type BuildOptions, type Metafile, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/*
 * We take credentials from client-node and do the requests ourselves, the proxy included (src/runtime/kube.ts). Its
 * index would bring the whole generated client, 23 MB of memory on Node 26 (measured 2026-11), and esbuild drops
 * unused modules only where nothing is loaded late. So our import goes to the one file that defines KubeConfig, which
 * is also the guard: a name that is not there fails the build.
 */
const KUBE_CONFIG = "@kubernetes/client-node/dist/config.js";

/* What KubeConfig and pino import for other uses than ours. */
const UNREACHED_PACKAGES = /^(hpagent|jsonpath-plus|socks|socks-proxy-agent|thread-stream)$/;
/* Commander starts other programs as subcommands, which ours has none of; loading this takes 6 ms. */
const UNREACHED_BUILTINS = /^node:child_process$/;
const UNREACHED_PARTS = /^\.\/gen\/index\.js$/;

/* Handlebars and undici load these if they are there, and have something else if not. */
const OPTIONAL_PACKAGES = /^source-map$/;

/*
 * undici's index loads all of it: fetch, mocks, caches, web sockets. Names are taken from the files that define them.
 * Deep paths are no public contract of undici, so its version is pinned exactly and a name that is missing here fails the build.
 */
const UNDICI_NAMES = {
  Agent: "dispatcher/agent.js",
  Client: "dispatcher/client.js",
  Dispatcher: "dispatcher/dispatcher.js",
  Pool: "dispatcher/pool.js",
  ProxyAgent: "dispatcher/proxy-agent.js",
  buildConnector: "core/connect.js",
  errors: "core/errors.js",
} as const;

/** Stands for `undici` itself, which also gives each dispatcher `request`, `connect` and the like. */
const UNDICI_SHIM = `
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import api from "undici/lib/api/index.js";
Object.assign(Dispatcher.prototype, api);
${Object.entries(UNDICI_NAMES)
  .map(([name, path]) => `export { default as ${name} } from "undici/lib/${path}";`)
  .join("\n")}
`;

/* prom-client's index loads what counts the process itself and clusters of processes: half a dozen parts of Node. */
const PROM_CLIENT_SHIM = `
export { default as Counter } from "prom-client/lib/counter.js";
export { default as Gauge } from "prom-client/lib/gauge.js";
export { default as Registry } from "prom-client/lib/registry.js";
`;

/* pino asks this one question of threads; it would start one for transports, which we have none of. */
const MAIN_THREAD = "exports.isMainThread = true;";

/** A module of which any use throws; importing it does not. */
const UNREACHED_MODULE = `
const unreached = new Proxy(function () {}, {
  construct() { throw new Error("not part of this bundle"); },
  apply() { throw new Error("not part of this bundle"); },
  get: (target, name) => (name === "prototype" ? target.prototype : name === "__esModule" ? false : unreached),
});
module.exports = unreached;
`;

/** Leaves out what the engine never reaches. */
const leaveOut: Plugin = {
  name: "leave-out",
  setup(hooks) {
    hooks.onResolve({ filter: /^@kubernetes\/client-node$/ }, (from) =>
      hooks.resolve(KUBE_CONFIG, { kind: from.kind, resolveDir: from.resolveDir }),
    );
    hooks.onResolve({ filter: /^undici$/ }, ({ path, importer }) => ({
      path,
      // client-node makes a dispatcher for each request of its generated client, which we never send.
      namespace: importer.includes("/@kubernetes/client-node/") ? "unreached" : "undici-shim",
    }));
    hooks.onResolve({ filter: /^prom-client$/ }, ({ path }) => ({ path, namespace: "prom-client-shim" }));
    hooks.onResolve({ filter: /^worker_threads$/ }, ({ path, importer }) =>
      importer.includes("/pino/") ? { path, namespace: "main-thread" } : null,
    );
    hooks.onResolve({ filter: UNREACHED_PARTS }, ({ path, importer }) =>
      importer.endsWith(KUBE_CONFIG) ? { path, namespace: "unreached" } : null,
    );
    hooks.onResolve({ filter: UNREACHED_PACKAGES }, ({ path }) => ({
      path,
      namespace: "unreached",
      sideEffects: false,
    }));
    hooks.onResolve({ filter: UNREACHED_BUILTINS }, ({ path, importer }) =>
      importer.includes("/commander/") ? { path, namespace: "unreached", sideEffects: false } : null,
    );
    hooks.onResolve({ filter: OPTIONAL_PACKAGES }, ({ path }) => ({ path, namespace: "absent" }));
    hooks.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: 'throw new Error("not part of this bundle");',
    }));
    hooks.onLoad({ filter: /.*/, namespace: "undici-shim" }, () => ({ contents: UNDICI_SHIM, resolveDir: ROOT }));
    hooks.onLoad({ filter: /.*/, namespace: "prom-client-shim" }, () => ({
      contents: PROM_CLIENT_SHIM,
      resolveDir: ROOT,
    }));
    hooks.onLoad({ filter: /.*/, namespace: "main-thread" }, () => ({ contents: MAIN_THREAD }));
    hooks.onLoad({ filter: /.*/, namespace: "unreached" }, () => ({ contents: UNREACHED_MODULE }));
  },
};

/**
 * Gives each of our modules what a bundle of CommonJS form lacks: its own `import.meta`, as if it stood where it
 * stands, and an `await` as its last statement. Nothing waits for a program, so there not waiting is the same.
 */
function keepModules(outFile: string): Plugin {
  return {
    name: "keep-modules",
    setup(hooks) {
      hooks.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        // Seen from the bundle, which has the place of a file in dist/ beside src/ and grammar/.
        const place = `require("node:path").resolve(__dirname, ${JSON.stringify(relative(dirname(outFile), path))})`;
        const contents = source
          .replaceAll("import.meta.url", `require("node:url").pathToFileURL(${place}).href`)
          .replaceAll("import.meta.filename", place)
          .replaceAll("import.meta.dirname", `require("node:path").dirname(${place})`)
          .replace(/^await (.+;)\s*$(?![^])/m, "void $1");
        return { contents, loader: "ts" };
      });
    },
  };
}

/* Compiles a rule's patterns, and only those whose validity is not plain to see: loaded at the first one. */
const PATTERNS_NAMES = ["RE2JS", "RE2JSException"] as const;

function lazyPatterns(file: string): Plugin {
  const contents = `
module.exports = {
${PATTERNS_NAMES.map((name) => `  get ${name}() { return require("./${file}").${name}; },`).join("\n")}
};`;
  return {
    name: "lazy-patterns",
    setup(hooks) {
      hooks.onResolve({ filter: /^re2js$/ }, ({ path }) => ({ path, namespace: "patterns-shim" }));
      hooks.onResolve({ filter: /^\.\// }, ({ path, namespace }) =>
        namespace === "patterns-shim" ? { path, external: true } : null,
      );
      hooks.onLoad({ filter: /.*/, namespace: "patterns-shim" }, () => ({ contents }));
    },
  };
}

/** Bundles both programs into a folder beside `src` and `grammar`; answers what each is made of. */
export async function bundlePrograms(folder: string): Promise<Readonly<Record<"kubewhen" | "rulecheck", Metafile>>> {
  const exported = `export { ${PATTERNS_NAMES.join(", ")} } from "re2js";`;
  const patterns = "rulecheck-re2js.cjs";
  const kubewhen = await bundleInParts(resolve(folder, "kubewhen.cjs"), { minifyIdentifiers: false, plugins: [] });
  const rulecheck = await bundleInParts(resolve(folder, "rulecheck.cjs"), {
    minifyIdentifiers: true,
    plugins: [lazyPatterns(patterns)],
  });
  await bundle({ outFile: resolve(folder, patterns), entry: exported });
  return { kubewhen, rulecheck };
}

/**
 * Writes a program as one file for what every run needs, and one for each part that only some runs ask for. V8 keeps
 * the source of what it has read, and takes 50 ms for all of `rulecheck`. The engine is at its first watch after 650 ms
 * instead of 750, and takes 1 MB less (measured on Node 26, 2026-11).
 */
async function bundleInParts(
  outFile: string,
  { minifyIdentifiers, plugins }: { readonly minifyIdentifiers: boolean; readonly plugins: readonly Plugin[] },
): Promise<Metafile> {
  const folder = dirname(outFile);
  const name = basename(outFile, ".cjs");
  const settings = settingsFor(outFile);
  const minify = { minifyWhitespace: true, minifySyntax: true, minifyIdentifiers };
  const { metafile, outputFiles } = await build({
    ...settings,
    entryPoints: { [name]: resolve(ROOT, `src/cli/${name}.ts`) },
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    chunkNames: `${name}-[name]-[hash]`,
    // esbuild cuts up ES modules only; each is turned into CommonJS afterwards.
    format: "esm",
    splitting: true,
    ...minify,
    write: false,
    plugins: [...settings.plugins, ...plugins],
  });
  for await (const old of glob(`${name}*.cjs`, { cwd: folder })) await rm(resolve(folder, old));
  await mkdir(folder, { recursive: true });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      target: "node24",
      // `require` in place of `import()`, which would start up the loader of ES modules.
      supported: { "dynamic-import": false },
      ...minify,
      charset: "ascii",
      lineLimit: 160,
    });
    await writeFile(path, code);
  }
  return metafile;
}

export interface BundleOptions {
  readonly outFile: string;
  /** Source of the entry module, as if it stood in the repository's root. */
  readonly entry: string;
}

/**
 * Writes a module and all it imports into one CommonJS file that needs Node and nothing else. Modules behind `import()`
 * are in it too and run when they are first asked for.
 *
 * CommonJS form takes 3 MB less than ES modules (measured on Node 26, 2026-11, flags of the image).
 */
export async function bundle(options: BundleOptions): Promise<Metafile> {
  const outFile = resolve(options.outFile);
  const { metafile } = await build({
    ...settingsFor(outFile),
    stdin: { contents: options.entry, resolveDir: ROOT, sourcefile: "entry.ts", loader: "ts" },
    outfile: outFile,
    format: "cjs",
    // Names stay as they are: short ones with `keepNames` take 3 MB more, a call for each function at the start.
    minifyWhitespace: true,
    minifySyntax: true,
  });
  return metafile;
}

function settingsFor(outFile: string) {
  return {
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    target: "node24",
    sourcemap: false,
    legalComments: "none",
    // An uncaught error prints the line it comes from: not half the program.
    lineLimit: 160,
    // All ASCII, so that V8 keeps the source in one byte a character.
    charset: "ascii",
    // undici asks this to leave out its experimental second HTTP parser, as the copy inside Node does.
    define: { esbuildDetection: "true" },
    mainFields: ["module", "main"],
    plugins: [leaveOut, keepModules(outFile)],
    metafile: true,
    logLevel: "warning",
    logOverride: { "empty-import-meta": "error", "require-resolve-not-external": "silent" },
  } as const satisfies BuildOptions;
}

if (import.meta.main) {
  const programs = await bundlePrograms(resolve(ROOT, "dist"));
  for (const { outputs } of Object.values(programs)) {
    for (const [path, { bytes }] of Object.entries(outputs))
      process.stdout.write(`${path} ${Math.round(bytes / 1024)} KiB\n`);
  }
}
