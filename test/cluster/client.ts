import { KubeConfig } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import { Agent, request } from "undici";

/** What the tests do to a cluster, with the credentials of a kubeconfig. */
export interface Client {
  send(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly text: string }>;
  close(): Promise<void>;
}

/** `kubeconfig` is the text of one. */
export function createClient(kubeconfig: string): Client {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  let agent: Agent | null = null;
  return {
    async send(method, path, body) {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, rejectUnauthorized } = options;
      agent ??= new Agent({
        connect: { ...(ca === undefined ? {} : { ca }), cert, key, rejectUnauthorized } as object,
      });
      const answer = await request(`${config.getCurrentCluster()?.server}${path}`, {
        dispatcher: agent,
        method: method as "GET",
        headers: {
          ...(options.headers as Record<string, string> | undefined),
          "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    async close() {
      await agent?.close();
    },
  };
}
