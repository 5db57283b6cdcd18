import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/cluster/**"],
    setupFiles: ["test/support/fast-check.ts"],
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});

export default config;
