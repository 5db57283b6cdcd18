import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../deploy/bundle.ts";
import { runAsImage, type Ran } from "../support/image.ts";

const folder = mkdtempSync(join(tmpdir(), "kubewhen-credentials-"));
const program = join(folder, "kubewhen.cjs");
const portOf = (one: Server): number => (one.address() as AddressInfo).port;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("credentials of a kubeconfig, in the bundle", () => {
  const asked: { readonly path: string; readonly authorization: string | undefined }[] = [];
  const server: Server = createServer((request, response) => {
    asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
    response.end("{}");
  });
  const tunnels: string[] = [];
  const proxy: Server = createServer();

  beforeAll(async () => {
    proxy.on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    for (const one of [server, proxy]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    const entry = `
      import { createKubeApi } from "./src/runtime/kube.ts";
      import { systemClock } from "./src/runtime/clock.ts";
      const api = createKubeApi({ kubeconfig: process.argv[2] ?? null, clock: systemClock });
      const signal = AbortSignal.timeout(10_000);
      void api.request("/version", { signal }).then(
        async (response) => { process.stdout.write(String(response.status)); await response.text(); await api.close(); },
        async (error: Error) => { process.stdout.write(error.name); await api.close(); },
      );`;
    await bundle({ outFile: program, entry });
  });
  afterAll(() => {
    for (const one of [server, proxy]) one.close();
    rmSync(folder, { recursive: true });
  });

  const ask = async (user: object, cluster: object = {}): Promise<Ran> => {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "c",
          cluster: { server: `http://127.0.0.1:${portOf(server)}`, "insecure-skip-tls-verify": true, ...cluster },
        },
      ],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(config));
    return runAsImage(program, join(folder, "kubeconfig"));
  };

  test("come from an exec plug-in", async () => {
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "t1" },
    };
    const exec = { apiVersion: credential.apiVersion, command: "/bin/echo", args: [JSON.stringify(credential)] };
    expect(await ask({ exec })).toMatchObject({ code: 0, stdout: "200" });
    expect(asked.at(-1)).toEqual({ path: "/version", authorization: "Bearer t1" });
  });

  test("come from an OpenID provider", async () => {
    const idToken = `${part({ alg: "none" })}.${part({ exp: 4_000_000_000 })}.x`;
    const config = {
      "client-id": "c",
      "id-token": idToken,
      "idp-issuer-url": "https://issuer.invalid",
      "refresh-token": "r",
    };
    expect(await ask({ "auth-provider": { name: "oidc", config } })).toMatchObject({ code: 0, stdout: "200" });
    expect(asked.at(-1)).toEqual({ path: "/version", authorization: `Bearer ${idToken}` });
  });

  test("go through the proxy that the kubeconfig names", async () => {
    const proxyUrl = { "proxy-url": `http://127.0.0.1:${portOf(proxy)}` };
    const https = { server: "https://10.0.0.1:6443", ...proxyUrl };
    expect((await ask({ token: "t2" }, https)).stdout).toBe("KubeUnreachable");
    expect(tunnels).toContain("10.0.0.1:6443");
  });
});
