import { defineConfig, type ViteUserConfig } from "vitest/config";

if (process.env["KUBEBUILDER_ASSETS"] === undefined && process.env["KUBECONFIG"] === undefined) {
  process.stderr.write(
    "test:cluster has nothing to run against: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or KUBECONFIG to a throw-away cluster's.\n",
  );
}

/** The flow tests once more, against a real API server: slow to start, so in one file and with more patience. */
const config: ViteUserConfig = defineConfig({
  test: { include: ["test/cluster/*.test.ts"], testTimeout: 90_000, hookTimeout: 90_000, fileParallelism: false },
});

export default config;
