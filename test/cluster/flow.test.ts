import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coreEvent, seriesEvent, type Cluster } from "../flow/cluster.ts";
import { anEventToWrite, describeFlow, useFlow } from "../flow/flow-suite.ts";
import { until } from "../flow/program.ts";
import { createClient, type Client } from "./client.ts";
import { hasBinaries, startControlPlane, type ControlPlane } from "./control-plane.ts";

const assets = process.env["KUBEBUILDER_ASSETS"];
const kubeconfigPath = process.env["KUBECONFIG"];
const canStart = assets !== undefined && hasBinaries(assets);

let plane: ControlPlane | null = null;

beforeAll(async () => {
  if (canStart) plane = await startControlPlane(assets);
});

afterAll(async () => {
  await plane?.stop();
});

/** The same API server for all tests; each starts with no Events in `default`. */
async function startRealCluster(): Promise<Cluster> {
  const kubeconfig = plane?.kubeconfig ?? readFileSync(kubeconfigPath ?? "", "utf8");
  const client: Client = createClient(kubeconfig);
  const configMaps: string[] = [];
  const must = async (method: string, path: string, body?: object): Promise<void> => {
    const { status, text } = await client.send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  };
  const core = "/api/v1/namespaces/default";
  await must("DELETE", `${core}/events`);
  return {
    kubeconfig,
    create: (event) => must("POST", `${core}/events`, coreEvent(event)),
    update: (event) => must("PATCH", `${core}/events/${event.name}`, coreEvent(event)),
    createSeries: (event) => must("POST", "/apis/events.k8s.io/v1/namespaces/default/events", seriesEvent(event)),
    async createConfigMap(name, labels) {
      configMaps.push(name);
      await must("POST", `${core}/configmaps`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels } });
    },
    async close() {
      for (const name of configMaps) await must("DELETE", `${core}/configmaps/${name}`);
      await client.close();
    },
  };
}

const hasCluster = canStart || kubeconfigPath !== undefined;

describe.runIf(hasCluster)("with a cluster", () => {
  describeFlow("a real API server", startRealCluster);
});

describe.runIf(!hasCluster)("without a cluster", () => {
  test("nothing runs", ({ skip }) => {
    expect(hasCluster).toBe(false);
    skip();
  });
});

describe.runIf(canStart)("a real API server that has compacted its history", () => {
  const flow = useFlow(startRealCluster);

  test("is listed again, and nothing is told twice", async () => {
    const { cluster, start, again, cardsInTheEnd } = flow();
    const rules =
      "when type=Warning notify feishu\nmarker: when reason=FlowMarker rate>=1000/1m rate<1/1d notify feishu";
    const first = await start(rules);
    await cluster.create(anEventToWrite({ message: "before" }));
    await until("a delivery", () => first.metric("kubewhen_outbox_entries_total", "delivered"));
    await first.stop();
    await cluster.create(anEventToWrite({ message: "in the gap" }));
    await plane?.compact();
    const second = await again();
    expect(await cardsInTheEnd(second)).toHaveLength(2);
  });
});
