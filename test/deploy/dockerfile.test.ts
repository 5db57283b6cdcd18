import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { parseDockerfile, type Instruction, type Stage } from "../support/dockerfile.ts";

const read = (path: string): string => readFileSync(path, "utf8");
const { args, stages } = parseDockerfile(read("deploy/Dockerfile"));
const build = stages[0]!;
const runtime = stages.at(-1)!;
const only = (stage: Stage, name: string): string => {
  const found = stage.instructions.filter((one: Instruction) => one.name === name);
  expect(found).toHaveLength(1);
  return found[0]?.value ?? "";
};

describe("the Dockerfile", () => {
  test("bundles on the builder's platform and runs on the image's", () => {
    expect(stages.map(({ name }) => name)).toEqual(["build", "node", null]);
    expect(build.from).toBe("--platform=$BUILDPLATFORM ${NODE_IMAGE}");
    expect(stages[1]?.from).toBe("${NODE_IMAGE}");
    expect(runtime.from).toBe("${BASE_IMAGE}");
  });

  test("runs the Node the lock file pins, with glibc below it", () => {
    const { devDependencies } = JSON.parse(read("package.json")) as { devDependencies: Record<string, string> };
    expect(args["NODE_IMAGE"]).toBe(`node:${devDependencies["node"]}-bookworm-slim`);
    expect(args["BASE_IMAGE"]).toBe("gcr.io/distroless/cc-debian12:nonroot");
  });

  test("installs from the lock file without running anybody's scripts", () => {
    const runs = build.instructions.filter(({ name }) => name === "RUN").map(({ value }) => value);
    expect(runs).toEqual(["npm ci --ignore-scripts --no-audit --no-fund", "node deploy/bundle.ts"]);
    expect(runtime.instructions.some(({ name }) => name === "RUN")).toBe(false);
  });

  test("runs as the user that the Deployment names", () => {
    expect(only(runtime, "USER")).toBe("65532:65532");
    expect(read("deploy/kustomize/deployment.yaml")).toContain("runAsUser: 65532\n");
  });

  test("saves memory as measured, and leaves Handlebars its compiler", () => {
    const [node, ...flags] = JSON.parse(only(runtime, "ENTRYPOINT")) as string[];
    expect(node).toBe("/usr/local/bin/node");
    expect(flags).toEqual([
      "--max-semi-space-size=1",
      "--optimize-for-size",
      "--no-turbofan",
      "--max-old-space-size=48",
      "/app/dist/kubewhen.cjs",
    ]);
    expect(only(runtime, "ENV")).toMatch(/MALLOC_ARENA_MAX=1\s+MALLOC_TRIM_THRESHOLD_=65536$/);
  });

  test("runs with the arguments the Deployment gives", () => {
    const given = parseDocument(read("deploy/kustomize/deployment.yaml")).getIn(
      ["spec", "template", "spec", "containers", 0, "args"],
      true,
    );
    expect(JSON.parse(only(runtime, "CMD"))).toEqual(JSON.parse(JSON.stringify(given)));
  });

  test("copies nothing that .dockerignore keeps out", () => {
    const allowed = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name, value }) => name === "COPY" && !value.startsWith("--from="))
      .flatMap(({ value }) => value.split(/\s+/).slice(0, -1));
    expect(copied.length).toBeGreaterThan(5);
    const isAllowed = (path: string): boolean => allowed.some((one) => path === one || path.startsWith(`${one}/`));
    expect(copied.filter((path) => !isAllowed(path))).toEqual([]);
  });
});
