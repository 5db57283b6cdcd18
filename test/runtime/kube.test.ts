import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createApiServer, type ApiServer, type ApiServerOptions } from "../../src/emulator/api-server.ts";
import {
  createKubeApi,
  KubeConfigError,
  KubeUnreachable,
  type KubeApi,
  type KubeResponse,
} from "../../src/runtime/kube.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { aRawEvent } from "../support/raw-events.ts";
import { testCertificate } from "../support/test-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "kubewhen-"));
const kubeconfig = join(folder, "kubeconfig");
const cleanups: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await createApiServer(options);
  cleanups.push(() => server.close());
  writeFileSync(kubeconfig, server.kubeconfig());
  return server;
}

interface ConfigParts {
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

function writeConfig({ cluster, user = {} }: ConfigParts): void {
  const config = {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
}

function open(clock: FakeClock = createFakeClock(0), pingIntervalMs = 15_000): KubeApi {
  const api = createKubeApi({ kubeconfig, clock, pingIntervalMs });
  cleanups.push(() => api.close());
  return api;
}

const signal = new AbortController().signal;

async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function plugIn(code: string): Record<string, unknown> {
  return { exec: { command: process.execPath, args: ["-e", code] } };
}

async function read(answer: KubeResponse, chunks: string[] = []): Promise<string[]> {
  for await (const chunk of answer.body) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe("createKubeApi", () => {
  it("speaks HTTP/2 where the server offers it, over one connection per use", async () => {
    const server = await serve({ tls: testCertificate("a"), token: "secret-token" });
    const api = open();
    expect(api.server).toBe(server.url);
    for (let i = 0; i < 5; i += 1) await (await api.request("/api/v1/events", { signal })).text();
    const stop = new AbortController();
    const watch = await api.request("/api/v1/events?watch=1", { signal: stop.signal, stream: true });
    expect(watch.status).toBe(200);
    expect(server.requests.map(({ httpVersion, authorization }) => [httpVersion, authorization])).toEqual(
      Array.from({ length: 6 }, () => ["2.0", "Bearer secret-token"]),
    );
    expect(server.connections()).toBe(2);
    stop.abort(new Error("enough"));
    await expect(read(watch)).rejects.toThrow("enough");
  });

  it("does not trust another authority", async () => {
    const server = await serve({ tls: testCertificate("a") });
    writeConfig({
      cluster: {
        server: server.url,
        "certificate-authority-data": encode(testCertificate("b").cert),
      },
    });
    await expect(open().request("/", { signal })).rejects.toThrow(KubeUnreachable);
    expect(server.requests).toEqual([]);
  });

  it("connects anew when the CA file changes", async () => {
    const ca = join(folder, "ca.crt");
    writeFileSync(ca, testCertificate("b").cert);
    const server = await serve({ tls: testCertificate("a") });
    writeConfig({ cluster: { server: server.url, "certificate-authority": ca } });
    const api = open();
    await expect(api.request("/", { signal })).rejects.toThrow(KubeUnreachable);
    writeFileSync(ca, testCertificate("a").cert);
    expect((await api.request("/", { signal })).status).toBe(404);
  });

  it("lets go of a connection once its credentials are replaced", async () => {
    const ca = join(folder, "two-ca.crt");
    const { cert } = testCertificate("a");
    writeFileSync(ca, cert);
    const server = await serve({ tls: testCertificate("a") });
    writeConfig({ cluster: { server: server.url, "certificate-authority": ca } });
    const api = open();
    await (await api.request("/", { signal })).text();
    writeFileSync(ca, cert + testCertificate("b").cert);
    await (await api.request("/", { signal })).text();
    expect(server.connections()).toBe(2);
    await expect.poll(() => server.openConnections(), { interval: 5 }).toBe(1);
  });

  it("asks for the name the kubeconfig says, whatever the address", async () => {
    const server = await serve({ tls: testCertificate("a") });
    const cluster = {
      server: server.url,
      "certificate-authority-data": encode(testCertificate("a").cert),
    };
    writeConfig({ cluster: { ...cluster, "tls-server-name": "kube.test" } });
    expect((await open().request("/", { signal })).status).toBe(404);
    writeConfig({ cluster: { ...cluster, "tls-server-name": "elsewhere.test" } });
    await expect(open().request("/", { signal })).rejects.toThrow(KubeUnreachable);
  });

  it("shows its client certificate", async () => {
    const { cert, key } = testCertificate("a");
    const seen: (string | undefined)[] = [];
    const server = createHttpsServer(
      { cert, key, requestCert: true, ca: [testCertificate("b").cert] },
      (request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string | undefined);
        response.end();
      },
    );
    const port = await listen(server);
    writeConfig({
      cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": encode(cert) },
      user: {
        "client-certificate-data": encode(testCertificate("b").cert),
        "client-key-data": encode(testCertificate("b").key),
      },
    });
    expect((await open().request("/", { signal })).status).toBe(200);
    expect(seen).toEqual(["kubewhen test only b"]);
  });

  it("reads the credentials again after a 401, once, and tries again only if they changed", async () => {
    const server = await serve({ token: "one" });
    const api = open();
    server.setToken("two");
    expect((await api.request("/api/v1/events", { signal })).status).toBe(401);
    expect(server.requests).toHaveLength(1);
    writeFileSync(kubeconfig, server.kubeconfig());
    expect((await api.request("/api/v1/events", { signal })).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  it("reads a rotated token file at once after a 401", async () => {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "one\n");
    const server = await serve({ token: "one" });
    // How client-node stands for the service account of a Pod.
    const user = { "auth-provider": { name: "tokenFile", config: { tokenFile } } };
    writeConfig({ cluster: { server: server.url, "insecure-skip-tls-verify": true }, user });
    const api = open();
    expect((await api.request("/api/v1/events", { signal })).status).toBe(200);
    server.setToken("two");
    writeFileSync(tokenFile, "two\n");
    expect((await api.request("/api/v1/events", { signal })).status).toBe(200);
    rmSync(tokenFile);
    server.setToken("three");
    await expect(api.request("/api/v1/events", { signal })).rejects.toThrow("cannot get credentials (ENOENT)");
  });

  it("asks an exec plug-in, and repeats nothing of what a failing one prints", async () => {
    const server = await serve({ token: "from-plug-in" });
    const cluster = { server: server.url, "insecure-skip-tls-verify": true };
    const credential = JSON.stringify({ status: { token: "from-plug-in" } });
    writeConfig({ cluster, user: plugIn(`console.log(${JSON.stringify(credential)})`) });
    expect((await open().request("/api/v1/events", { signal })).status).toBe(200);
    writeConfig({ cluster, user: plugIn(`console.error("token abc"); process.exit(3)`) });
    const failure = await open()
      .request("/", { signal })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KubeUnreachable);
    expect(String(failure)).not.toContain("abc");
  });

  it("sends user and password as they are asked for", async () => {
    const server = await serve();
    writeConfig({
      cluster: { server: server.url, "insecure-skip-tls-verify": true },
      user: { username: "u", password: "p" },
    });
    await open().request("/", { signal });
    expect(server.requests[0]?.authorization).toBe(`Basic ${Buffer.from("u:p").toString("base64")}`);
  });

  it("tunnels through the kubeconfig's proxy", async () => {
    const server = await serve({ tls: testCertificate("a") });
    const tunnelled: string[] = [];
    const proxy = createHttpServer().on("connect", (request, socket: Socket) => {
      tunnelled.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    const port = await listen(proxy);
    writeConfig({
      cluster: {
        server: server.url,
        "proxy-url": `http://127.0.0.1:${port}`,
        "certificate-authority-data": encode(testCertificate("a").cert),
      },
    });
    expect((await open().request("/api/v1/events", { signal })).status).toBe(200);
    expect(tunnelled).toEqual([`127.0.0.1:${server.port}`]);
    expect(server.requests[0]?.httpVersion).toBe("2.0");
  });

  it("keeps a path in front of the server's own", async () => {
    const server = await serve();
    writeConfig({ cluster: { server: `${server.url}/k8s/clusters/c-1/`, "insecure-skip-tls-verify": true } });
    await open().request("/api/v1/events", { signal });
    expect(server.requests[0]?.path).toBe("/k8s/clusters/c-1/api/v1/events");
  });

  it("gives up on an answer that does not come, and does not use that connection again", async () => {
    const server = await serve({ tls: testCertificate("a") });
    const clock = createFakeClock(0);
    const api = open(clock);
    server.hangNext();
    const asked = api.request("/", { signal, timeoutMs: 5000 });
    const failure = asked.catch(String);
    await expect.poll(() => server.requests.length, { interval: 5 }).toBe(1);
    await clock.advance(5000);
    expect(await failure).toContain("no answer within 5 s");
    expect((await api.request("/", { signal })).status).toBe(404);
    expect(server.connections()).toBe(2);
    await expect.poll(() => server.openConnections(), { interval: 5 }).toBe(1);
  });

  it("does not wait for ever for the rest of an answer that has begun, nor use that connection again", async () => {
    const server = await serve({ tls: testCertificate("a") });
    const clock = createFakeClock(0);
    const api = open(clock);
    server.stallNext(10);
    const answer = await api.request("/api/v1/events", { signal });
    const failure = answer.text().catch((error: unknown) => error);
    await clock.advance(29_999);
    expect(server.openConnections()).toBe(1);
    await clock.advance(1);
    expect(await failure).toMatchObject({ name: "KubeUnreachable", silent: true });
    await expect.poll(() => server.openConnections(), { interval: 5 }).toBe(0);
    expect((await api.request("/", { signal })).status).toBe(404);
  });

  it("has patience with a caller that takes its time over an answer", async () => {
    const server = await serve();
    for (let i = 0; i < 50; i += 1) server.events.create(aRawEvent({ message: "x".repeat(10_000) }));
    const clock = createFakeClock(0);
    const answer = await open(clock).request("/api/v1/events", { signal });
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      await clock.advance(60_000);
    }
    expect(bytes).toBeGreaterThan(500_000);
    expect(clock.sleepers()).toBe(0);
  });

  it("reads no more than 4 MiB as one text", async () => {
    const server = await serve();
    server.failNext(200, {}, "x".repeat(4 * 1024 * 1024 + 1));
    server.failNext(200, {}, "x".repeat(4 * 1024 * 1024));
    const api = open();
    await expect((await api.request("/", { signal })).text()).rejects.toThrow("answer too long");
    expect(await (await api.request("/", { signal })).text()).toHaveLength(4 * 1024 * 1024);
  });

  it("gives a refused watch's words no longer than any other answer", async () => {
    const server = await serve();
    const clock = createFakeClock(0);
    server.stallNext(10);
    const watch = "/api/v1/events?watch=1&fieldSelector=colour%3Dblue";
    const answer = await open(clock).request(watch, { signal, stream: true });
    expect(answer.status).toBe(400);
    const failure = answer.text().catch((error: unknown) => error);
    await clock.advance(30_000);
    expect(await failure).toMatchObject({ silent: true });
  });

  it("lets one caller go without disturbing the others", async () => {
    const server = await serve({ tls: testCertificate("a") });
    const api = open();
    server.hangNext();
    const leaving = new AbortController();
    const left = api.request("/", { signal: leaving.signal }).catch((error: unknown) => error);
    await expect.poll(() => server.requests.length, { interval: 5 }).toBe(1);
    leaving.abort(new Error("changed my mind"));
    expect(await left).toEqual(new Error("changed my mind"));
    expect((await api.request("/", { signal })).status).toBe(404);
    expect(server.connections()).toBe(1);
  });

  it("lets go of a stream's connection when its reader leaves in the middle", async () => {
    const server = await serve({ tls: testCertificate("a") });
    server.events.create(aRawEvent());
    const watch = await open().request("/api/v1/events?watch=1&resourceVersion=100", { signal, stream: true });
    const reader = watch.body[Symbol.asyncIterator]();
    expect((await reader.next()).done).toBe(false);
    await reader.return?.();
    await expect.poll(() => server.openConnections(), { interval: 5 }).toBe(0);
  });

  it("is silent about a stream whose pings are answered, and ends one whose are not", async () => {
    const server = await serve({ tls: testCertificate("a") });
    // Between the two, a path that can die without a word.
    const pipes: Socket[] = [];
    const path = createTcpServer((near) => {
      const far = connect(server.port, "127.0.0.1");
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on("error", () => {});
      pipes.push(near, far);
    });
    const port = await listen(path);
    writeConfig({
      cluster: {
        server: `https://127.0.0.1:${port}`,
        "certificate-authority-data": encode(testCertificate("a").cert),
      },
    });
    const clock = createFakeClock(0);
    const api = open(clock, 20);
    let signs = 0;
    const onActivity = (): void => void (signs += 1);
    const watch = await api.request("/api/v1/events?watch=1", { signal, stream: true, onActivity });
    const reading = read(watch).catch((error: unknown) => error);
    for (let i = 0; i < 5; i += 1) {
      const before = signs;
      await expect.poll(() => signs, { interval: 5 }).toBeGreaterThan(before);
      await clock.advance(30_000);
    }
    expect(server.openWatches()).toBe(1);
    for (const socket of pipes) socket.unpipe();
    await clock.advance(60_000);
    expect(await reading).toMatchObject({ name: "KubeUnreachable", silent: true });
    for (const socket of pipes) socket.destroy();
    expect((await api.request("/api/v1/events", { signal })).status).toBe(200);
  });

  it("reports a reset in the middle of a stream", async () => {
    const server = await serve();
    const api = open();
    const watch = await api.request("/api/v1/events?watch=1", { signal, stream: true });
    const chunks: string[] = [];
    const reading = read(watch, chunks);
    const failure = reading.catch((error: unknown) => error);
    server.events.create(aRawEvent());
    await expect.poll(() => chunks.length, { interval: 5 }).toBe(1);
    server.cut();
    expect(await failure).toBeInstanceOf(KubeUnreachable);
  });

  it("ends everything when closed", async () => {
    const server = await serve();
    server.hangNext();
    const api = open();
    const failure = api.request("/", { signal }).catch((error: unknown) => error);
    await expect.poll(() => server.requests.length, { interval: 5 }).toBe(1);
    await api.close();
    expect(await failure).toBeInstanceOf(KubeUnreachable);
    await expect(api.request("/", { signal })).rejects.toThrow("closed");
  });

  it.each(["127.0.0.1", "localhost", "LOCALHOST"])(
    "speaks plain HTTP to %s, as `kubectl proxy` offers it",
    async (host) => {
      const server = await serve();
      writeConfig({ cluster: { server: `http://${host}:${server.port}` } });
      expect((await open().request("/api/v1/events", { signal })).status).toBe(200);
    },
  );

  it.each(["http://10.0.0.1:8001", "http://127.0.0.1.example.com", "http://kube.lan:8080/api"])(
    "speaks plain HTTP to %s only when told that it need not be safe",
    (address) => {
      const cluster = { server: address };
      writeConfig({ cluster });
      expect(() => open()).toThrow(KubeConfigError);
      expect(() => open()).toThrow(/use https:\/\/, or set insecure-skip-tls-verify: true/);
      writeConfig({ cluster: { ...cluster, "insecure-skip-tls-verify": true } });
      expect(open().server).toBe(address);
    },
  );

  it.each(["ftp://10.0.0.1", "10.0.0.1:6443", "kube"])("says that %s is no address of an API server", (server) => {
    writeConfig({ cluster: { server, "insecure-skip-tls-verify": true } });
    expect(() => open()).toThrow("the cluster's server in the kubeconfig is no https:// address");
  });

  it.each([
    "proxy.lan:3128",
    "ftp://proxy.lan",
    "http://",
    "http://user:%zz@proxy.lan",
    "http://user:pass word@proxy:port",
  ])("says what to write instead of %s as a proxy, and does not repeat it", async (proxyUrl) => {
    const server = await serve();
    const cluster = { server: server.url, "proxy-url": proxyUrl };
    writeConfig({ cluster });
    expect(() => open()).toThrow(KubeConfigError);
    expect(() => open()).toThrow(/write http:\/\/host:port/);
    expect(() => open()).not.toThrow(proxyUrl.replace(/^\w+:\/\//, "") || "nothing to repeat");

    // The same mistake made while we run is the world's doing, and goes away with the next good file.
    writeFileSync(kubeconfig, server.kubeconfig());
    server.setToken("now one is asked for");
    const api = open();
    writeConfig({ cluster });
    await expect(api.request("/api/v1/events", { signal })).rejects.toThrow(KubeUnreachable);
  });

  it.each<[string, string]>([
    ["no file", ""],
    ["no YAML", "{:"],
    ["no cluster", "clusters: []\nusers: []\ncontexts: []\n"],
  ])("says at once that there is %s", (what, text) => {
    const path = join(folder, `broken-${what}`);
    if (text) writeFileSync(path, text);
    expect(() => createKubeApi({ kubeconfig: path, clock: createFakeClock(0) })).toThrow(KubeConfigError);
  });
});
