import type { RequestOptions } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { KubeConfig, type Cluster } from "@kubernetes/client-node";

/** Where the credentials come from is missing or makes no sense. A person must mend it. */
export class KubeConfigError extends Error {
  override readonly name = "KubeConfigError";
}

/** What one request needs to be let in. */
export interface Credentials {
  readonly server: string;
  readonly proxyUrl: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  /** Changes exactly when connections must be made anew. */
  readonly fingerprint: string;
}

function loadKubeConfig(path: string | null): { config: KubeConfig; cluster: Cluster } {
  const config = new KubeConfig();
  try {
    if (path === null) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    // A YAML parser quotes the lines around a mistake below its first one, and a token may stand there.
    const [why] = String(error instanceof Error ? error.message : error).split("\n", 1);
    throw new KubeConfigError(`cannot read the kubeconfig: ${why}`);
  }
  const cluster = config.getCurrentCluster();
  // client-node makes up this cluster when it finds nothing at all; nobody means it.
  const isMadeUp = path === null && cluster?.name === "cluster" && cluster.server === "http://localhost:8080";
  if (!cluster || isMadeUp) {
    throw new KubeConfigError(
      path === null
        ? "no kubeconfig, and not in a Pod with a service account: name one with --kubeconfig"
        : `no current cluster in ${path}`,
    );
  }
  checkServer(cluster);
  checkProxy(cluster.proxyUrl);
  return { config, cluster };
}

/** Plain HTTP is for `kubectl proxy` on this machine: nobody else can read along there. */
function checkServer({ server, skipTLSVerify }: Cluster): void {
  const url = URL.parse(server);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new KubeConfigError("the cluster's server in the kubeconfig is no https:// address");
  }
  if (url.protocol === "https:" || isLoopback(url) || skipTLSVerify) return;
  throw new KubeConfigError(
    "the cluster's server in the kubeconfig is an http:// address of another machine, where tokens and Events could " +
      "be read on the way: use https://, or set insecure-skip-tls-verify: true if you accept that",
  );
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Says nothing of the value: it may hold a password. */
function checkProxy(proxyUrl: string | undefined): void {
  if (proxyUrl === undefined) return;
  const url = URL.parse(proxyUrl);
  // undici's way through SOCKS is experimental (8.12): tried, but not recommended.
  if (!url || !/^(?:https?|socks5):$/.test(url.protocol) || url.hostname === "" || !isDecodable(url)) {
    throw new KubeConfigError(
      "the cluster's proxy-url in the kubeconfig is no proxy address: write http://host:port or https://host:port, " +
        "with a user and password in percent-encoding",
    );
  }
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/**
 * The KubeConfig of one cluster and user, with the proxy left to us: undici tunnels, client-node's agents do not. That
 * plain HTTP needs no certificate has been decided by us too: client-node refuses it unless told to skip the check.
 */
function withoutProxy(config: KubeConfig, cluster: Cluster): KubeConfig {
  const { proxyUrl: _ours, ...rest } = cluster;
  const { protocol, href } = new URL(cluster.server);
  const direct = { ...rest, server: href, skipTLSVerify: cluster.skipTLSVerify || protocol === "http:" };
  config.clusters = [direct, ...config.clusters.filter((other) => other.name !== cluster.name)];
  return config;
}

function serverOf(config: KubeConfig): string {
  return (config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "");
}

async function readCredentials(config: KubeConfig, proxyUrl: string | null): Promise<Credentials> {
  const options: RequestOptions & { servername?: string } = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  const server = serverOf(config);
  const material = [server, proxyUrl, ca, cert, key, servername, rejectUnauthorized];
  return { server, proxyUrl, headers, tls, fingerprint: material.map(String).join("\n") };
}

/** The credentials of one kubeconfig, or of the Pod's service account. */
export interface CredentialSource {
  /** Base URL of the API server as first read, without a slash at its end. */
  readonly server: string;
  /** As client-node has them now. Throws KubeConfigError, or what a token file or plug-in throws. */
  read(): Promise<Credentials>;
  /** Has the next `read` look at the disk: client-node keeps a token for up to a minute. */
  forget(): void;
}

/** `path` as in KubeApiOptions. Throws KubeConfigError when there is no usable configuration. */
export function openCredentials(path: string | null): CredentialSource {
  const load = (): { config: KubeConfig; proxyUrl: string | null } => {
    const { config, cluster } = loadKubeConfig(path);
    return { config: withoutProxy(config, cluster), proxyUrl: cluster.proxyUrl ?? null };
  };
  const first = load();
  let loaded: typeof first | null = first;
  return {
    server: serverOf(first.config),
    async read() {
      loaded ??= load();
      return readCredentials(loaded.config, loaded.proxyUrl);
    },
    forget: () => (loaded = null),
  };
}
