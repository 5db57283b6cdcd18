import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiServer, type ApiServer, type ApiServerOptions } from "../../src/emulator/api-server.ts";
import { createKubeApi, type KubeApi } from "../../src/runtime/kube.ts";
import type { Clock } from "../../src/runtime/clock.ts";

export interface TestApi {
  readonly server: ApiServer;
  readonly api: KubeApi;
  /** Path of the kubeconfig; may be rewritten. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** An emulated API server and a client for it. */
export async function startApi(clock: Clock, options: ApiServerOptions = {}): Promise<TestApi> {
  const server = await createApiServer({ clock, ...options });
  const kubeconfig = join(mkdtempSync(join(tmpdir(), "kubewhen-")), "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig());
  const api = createKubeApi({ kubeconfig, clock });
  return {
    server,
    api,
    kubeconfig,
    async close() {
      await api.close();
      await server.close();
    },
  };
}
