import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An API server with its etcd, on loopback, and who may do anything in it. */
export interface ControlPlane {
  readonly kubeconfig: string;
  /** Compacts etcd to its present revision, as it does by itself every five minutes. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether `folder` (KUBEBUILDER_ASSETS, by the convention of envtest) holds the two programs. */
export function hasBinaries(folder: string): boolean {
  return ["etcd", "kube-apiserver"].every((name) => existsSync(join(folder, name)));
}

const PATIENCE_MS = 60_000;

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await look().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** A call of etcd's key-value service, through its JSON gateway. */
function post(etcdUrl: string, call: string, body: object): Promise<Response> {
  return fetch(`${etcdUrl}/v3/kv/${call}`, { method: "POST", body: JSON.stringify(body) });
}

/** Starts both and waits until they answer; about five seconds. */
export async function startControlPlane(assets: string): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-cluster-"));
  const path = (name: string): string => join(folder, name);
  const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
  const etcdUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const token = randomUUID();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(path("sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }));
  writeFileSync(path("sa.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(path("tokens.csv"), `${token},tester,tester,"system:masters"\n`);

  let output = "";
  const start = (program: string, flags: readonly string[]): ChildProcess => {
    const child = spawn(join(assets, program), flags, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
    return child;
  };
  const etcd = start("etcd", [
    "--name=default",
    `--data-dir=${path("etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ]);
  const api = start("kube-apiserver", [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${path("certs")}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${secure}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${path("sa.pub")}`,
    `--service-account-signing-key-file=${path("sa.key")}`,
    "--authorization-mode=RBAC",
    `--token-auth-file=${path("tokens.csv")}`,
    "--disable-admission-plugins=ServiceAccount",
  ]);
  const exited = [etcd, api].map((child) => new Promise<void>((resolve) => child.once("exit", () => resolve())));
  const stop = async (): Promise<void> => {
    api.kill("SIGTERM");
    await exited[1];
    etcd.kill("SIGTERM");
    await exited[0];
    rmSync(folder, { recursive: true, force: true });
  };

  const server = `https://127.0.0.1:${secure}`;
  try {
    // The API server makes its own certificate, which is the authority to trust.
    await until("the API server's certificate", () => Promise.resolve(existsSync(path("certs/apiserver.crt"))));
    const kubeconfig = (): string =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
          {
            name: "test",
            cluster: {
              server,
              "certificate-authority-data": readFileSync(path("certs/apiserver.crt")).toString("base64"),
            },
          },
        ],
        users: [{ name: "tester", user: { token } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "tester" } }],
        "current-context": "test",
      });
    const { createClient } = await import("./client.ts");
    await until("a ready API server", async () => {
      const ready = createClient(kubeconfig());
      const { status } = await ready.send("GET", "/readyz").finally(() => ready.close());
      return status === 200;
    });
    return {
      kubeconfig: kubeconfig(),
      async compact() {
        const answer = (await (await post(etcdUrl, "range", { key: "AA==" })).json()) as {
          header: { revision: string };
        };
        await post(etcdUrl, "compaction", { revision: answer.header.revision, physical: true });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`the control plane did not start; its last words:\n${output}`, { cause: error });
  }
}
