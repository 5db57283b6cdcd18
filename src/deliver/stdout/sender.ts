import type { Sender } from "../../model/delivery.ts";

export interface StdoutSenderOptions {
  /** Prints one line, its end not included. */
  readonly print: (line: string) => void;
}

/** Prints each entry's body as one line; that is delivery. */
export function createStdoutSender({ print }: StdoutSenderOptions): Sender {
  return {
    send(entry) {
      // Bodies are JSON on one line already; anything else must not forge a second line.
      print(entry.body.replaceAll(/[\r\n]+/g, " "));
      return Promise.resolve({ kind: "delivered" });
    },
    close: () => Promise.resolve(),
  };
}
