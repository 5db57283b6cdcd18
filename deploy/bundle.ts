import { readFile, rm, symlink } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/*
 * We take credentials from client-node and do the requests ourselves, the proxy included (src/runtime/kube.ts). Its
 * index would bring the whole generated client, 23 MB of memory on Node 26 (measured 2026-11), and esbuild drops
 * unused modules only where nothing is loaded late. So our import goes to the one file that defines KubeConfig, which
 * is also the guard: a name that is not there fails the build.
 */
const KUBE_CONFIG = "@kubernetes/client-node/dist/config.js";

/* What KubeConfig imports for other uses than ours. */
const UNREACHED_PACKAGES = /^(hpagent|jsonpath-plus|socks|socks-proxy-agent)$/;
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
      namespace: importer.includes("node_modules") ? "unreached" : "undici-shim",
    }));
    hooks.onResolve({ filter: UNREACHED_PARTS }, ({ path, importer }) =>
      importer.endsWith(KUBE_CONFIG) ? { path, namespace: "unreached" } : null,
    );
    hooks.onResolve({ filter: UNREACHED_PACKAGES }, ({ path }) => ({
      path,
      namespace: "unreached",
      sideEffects: false,
    }));
    hooks.onResolve({ filter: OPTIONAL_PACKAGES }, ({ path }) => ({ path, namespace: "absent" }));
    hooks.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: 'throw new Error("not part of this bundle");',
    }));
    hooks.onLoad({ filter: /.*/, namespace: "undici-shim" }, () => ({ contents: UNDICI_SHIM, resolveDir: ROOT }));
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

/** Both programs are one file: the name it is called by says which. */
const ENTRY = `
import { basename } from "node:path";
if (basename(process.argv[1]).startsWith("rulecheck")) void import("./src/cli/rulecheck.ts");
else void import("./src/cli/kubewhen.ts");
`;

export interface BundleOptions {
  /** Path of `kubewhen.cjs`; `rulecheck.cjs` is made beside it, a link to the same file. */
  readonly outFile: string;
  /** Source of the entry module, as if it stood in the repository's root; default: the two programs. */
  readonly entry?: string;
}

/**
 * Writes the whole program into one CommonJS file that needs Node and nothing else. Modules behind `import()` are in
 * it too and run when they are first asked for, so the engine never pays for the parser.
 *
 * One file of CommonJS form takes the least: 77 MB for the idle engine on Node 26, against 80 MB as ES modules in chunks
 * (measured 2026-11, flags of the image).
 */
export async function bundle(options: BundleOptions): Promise<Metafile> {
  const outFile = resolve(options.outFile);
  const settings = {
    stdin: { contents: options.entry ?? ENTRY, resolveDir: ROOT, sourcefile: "entry.ts", loader: "ts" },
    outfile: outFile,
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    // Names stay as they are: short ones with `keepNames` take 3 MB more, a call for each function at the start.
    minifyWhitespace: true,
    minifySyntax: true,
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
  } satisfies BuildOptions;
  const { metafile } = await build(settings);
  const link = resolve(dirname(outFile), "rulecheck.cjs");
  await rm(link, { force: true });
  await symlink("kubewhen.cjs", link);
  return metafile;
}

if (import.meta.main) {
  const metafile = await bundle({ outFile: resolve(ROOT, "dist/kubewhen.cjs") });
  const [output] = Object.values(metafile.outputs);
  process.stdout.write(`dist/kubewhen.cjs ${Math.round((output?.bytes ?? 0) / 1024)} KiB\n`);
}
