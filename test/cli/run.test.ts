import { expect, onTestFinished, test } from "vitest";
import { compilerCommand } from "../../src/cli/run.ts";

test("starts the compiler with the flags of the engine, but for its heap, which may be too small for it", () => {
  const before = process.execArgv;
  process.execArgv = ["--optimize-for-size", "--max-old-space-size=48", "--no-turbofan"];
  onTestFinished(() => {
    process.execArgv = before;
  });
  expect(compilerCommand().slice(1, -1)).toEqual(["--optimize-for-size", "--no-turbofan", "--max-old-space-size=64"]);
});
