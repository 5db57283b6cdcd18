import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** How many bytes of heap what `make` returns keeps alive. */
export function heldBytes(make: () => unknown): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const held = make();
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed - before;
  // Used after the measurement, so that it is alive during it.
  return held === undefined ? 0 : bytes;
}
