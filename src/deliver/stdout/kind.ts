import type { Outcome } from "../../model/delivery.ts";
import { type BodyForms, fitBody } from "../fit.ts";
import type { Channel, Item, ReceiverKind, World } from "../kind.ts";
import { dialect } from "./dialect.ts";
import { lineOf } from "./line.ts";

/** Most lines of one commit: enough that a commit costs little, few enough that a kill repeats little. */
const BATCH = 64;

/** Standard output, for logs and pipes. A line that is written is delivered. */
export const kind: ReceiverKind<object> = {
  takes: "message",
  batch: BATCH,
  local: true,
  editableMs: 0,
  dialect,
  limits: dialect.limits,
  destination: () => "",
  open: (_receiver, _settings, world) => openStdout(world),
};

const FORMS: BodyForms = {
  compose: (message, alert) => lineOf(alert, message),
  composeLayout: (tree) => tree,
  plain: (text) => ({ message: text }),
};

function openStdout({ print }: Pick<World, "print">): Channel {
  const send = async (item: Item, signal: AbortSignal): Promise<Outcome> => {
    if (signal.aborted)
      return { kind: "retry", reason: "stopped", detail: "stopped before it was written", arrived: "no" };
    try {
      // JSON is on one line already, whatever its texts hold.
      await print(fitBody(item, FORMS, dialect.limits.bytes));
      return { kind: "delivered" };
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error && "code" in error)) throw error;
      return { kind: "retry", reason: "print_failed", detail: String(error.code), arrived: "perhaps" };
    }
  };

  return {
    async send(items, signal) {
      const outcomes: Outcome[] = [];
      for (const item of items) outcomes.push(await send(item, signal));
      return outcomes;
    },
    close: () => Promise.resolve(),
  };
}
