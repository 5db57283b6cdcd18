import type { KubeApi, KubeResponse } from "../runtime/kube.ts";
import type { Logger } from "../runtime/logger.ts";
import { readTrouble } from "./answer.ts";
import { parseJson } from "./fields.ts";
import { endWith, quietStep, type Step } from "./reflector-state.ts";
import { EVENTS_PATH } from "./resource-path.ts";
import { compareResourceVersions, resourceVersionOf } from "./resource-version.ts";

export interface VerifyOptions {
  readonly api: KubeApi;
  readonly logger: Pick<Logger, "info">;
  readonly onAccepted: (answer: KubeResponse) => void;
}

/** Step: is the datastore still the one that the position is of? If its present lies before our version, it is not. */
export function createVerify({ api, logger, onAccepted }: VerifyOptions): Step {
  return quietStep(async ({ position, datastore }, signal) => {
    const version = position?.version ?? null;
    if (version === null || datastore !== "unverified") return { step: "stream" };
    const answer = await api.request(`${EVENTS_PATH}?limit=1`, { signal });
    if (answer.status !== 200) return endWith(await readTrouble(answer));
    onAccepted(answer);
    const present = resourceVersionOf(parseJson(await answer.text()));
    if ((compareResourceVersions(present, version) ?? 0) >= 0) return { step: "stream", datastore: "same" };
    logger.info({ version, present }, "the API server's datastore was rebuilt, listing again");
    return { step: "stream", datastore: "rebuilt", isListed: false };
  });
}
