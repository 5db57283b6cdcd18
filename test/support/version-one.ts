import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { aFolder } from "./delivery.ts";

const PACKED = new URL("../fixtures/version-0.1/kubewhen.db.gz", import.meta.url);

/** The moment of the file's last write, epoch ms: what it holds is described beside it. */
export const WRITTEN_AT: number = Date.UTC(2026, 10, 22, 12, 0, 6);

/** A folder with an outbox that version 0.1 made. */
export function aFolderOfVersionOne(): string {
  const folder = aFolder();
  writeFileSync(join(folder, "kubewhen.db"), gunzipSync(readFileSync(PACKED)));
  return folder;
}
