import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isSeq, parseDocument } from "yaml";

/** Files that are made of others: path under the repository's root → what it must hold. */
export type DerivedFiles = Readonly<Record<string, string>>;

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const RULE_CONFIG_MAPS = [
  { pack: "default.rules", path: "deploy/kustomize/rules.yaml" },
  { pack: "k3s-edge.rules", path: "deploy/kustomize/components/k3s-edge/rules.yaml" },
] as const;

const K3S_HEADER = `\
# kubewhen in one file, for K3s to deploy by itself:
#
#   cp kubewhen.yaml /var/lib/rancher/k3s/server/manifests/
#   kubectl -n kubewhen create secret generic kubewhen --from-literal=feishu-url=https://open.feishu.cn/open-apis/bot/v2/hook/...
#
# Change CLUSTER_NAME and TZ below first. To change rules or settings later, edit this file, not the objects: K3s applies
# it again at every start and after every change. Rules and settings are read while kubewhen runs.
#
# Made from deploy/kustomize by \`node deploy/manifests.ts\`; change the parts there.
`;

/** The ConfigMap that carries one rule pack, its text as it is in \`rules/\`. */
function rulesConfigMap(pack: string, text: string): string {
  const indented = text.replaceAll(/^(?=.)/gm, "    ");
  return `\
# Every *.rules file in here is read, in the order of their names. Made from rules/${pack} by \`node deploy/manifests.ts\`.
apiVersion: v1
kind: ConfigMap
metadata:
  name: kubewhen-rules
  namespace: kubewhen
  labels:
    app.kubernetes.io/name: kubewhen
data:
  ${pack}: |
${indented}`;
}

function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** The parts that a kustomization names, in its order. */
function parseResources(text: string): readonly string[] {
  const resources = parseDocument(text).get("resources");
  if (!isSeq(resources)) throw new Error("the kustomization names no resources");
  return resources.items.map(String);
}

/**
 * What the derived files must hold now: the ConfigMaps of the rule packs, and the K3s manifest, which is the parts of
 * `deploy/kustomize/kustomization.yaml` in its order.
 */
export function deriveFiles(): DerivedFiles {
  const derived: Record<string, string> = {};
  for (const { pack, path } of RULE_CONFIG_MAPS) derived[path] = rulesConfigMap(pack, read(`rules/${pack}`));
  const resources = parseResources(read("deploy/kustomize/kustomization.yaml"));
  const parts = resources.map((name) => derived[`deploy/kustomize/${name}`] ?? read(`deploy/kustomize/${name}`));
  derived["deploy/k3s/kubewhen.yaml"] = `${K3S_HEADER}\n${parts.join("---\n")}`;
  return derived;
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(deriveFiles())) writeFileSync(`${ROOT}${path}`, text);
}
