import type { Severity } from "../model/rule.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";

export interface RoomOptions {
  readonly ledger: Pick<Ledger, "receivers" | "waitingBytes">;
  readonly history: Pick<History, "waitingBytes" | "shrinkTo">;
  /** For everything stored together. */
  readonly maxBytes: number;
  /** How many receivers share it; asked at each use, since a reload may change it. */
  readonly sharers: () => number;
}

/** Of all room, only alerts of severity `critical` use the last tenth. */
const FOR_ALL = 0.9;

/**
 * Answers whether an alert of so many bytes may wait for the receiver, and makes the room it needs: what is told of gives
 * way to what is not told yet.
 *
 * Half of the room is divided: of its part each receiver is sure, whatever waits for others. Beyond it a receiver
 * borrows what is free, less what the others have not used of their parts.
 */
export function createRoom(
  options: RoomOptions,
): (receiver: string, wanted: { readonly bytes: number; readonly severity: Severity }) => boolean {
  const { ledger, history, maxBytes, sharers } = options;
  return (receiver, { bytes, severity }) => {
    const others = ledger.receivers().filter((name) => name !== receiver);
    const count = Math.max(sharers(), others.length + 1);
    const part = severity === "critical" ? 1 : FOR_ALL;
    const share = maxBytes / (2 * count);
    const isOwn = ledger.waitingBytes(receiver) + bytes <= share * part;
    const unused = others.reduce((sum, name) => sum + Math.max(0, share - ledger.waitingBytes(name)), 0);
    const kept = isOwn ? 0 : unused + share * (count - 1 - others.length);
    if (history.waitingBytes() + bytes + kept > maxBytes * (isOwn ? 1 : part)) return false;
    return history.shrinkTo(maxBytes - bytes);
  };
}
