import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The flow tests once more, against a real API server: slow to start, so in one file and with more patience. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/cluster/*.test.ts"],
    globalSetup: ["test/cluster/announce.ts"],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    fileParallelism: false,
  },
});

export default config;
