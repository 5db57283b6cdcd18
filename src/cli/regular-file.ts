import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Far above any configuration or rule set, and little enough to be read at once. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The path leads to something that is not read as a file. The message is a sentence about it, without the path. */
export class NotAFile extends Error {
  override readonly name = "NotAFile";
}

/**
 * What a file holds. Throws NotAFile for a pipe or a device, which might never end, for a folder, and for more than
 * 16 MiB; and what the file system throws for a path that cannot be opened. It never waits for another process.
 */
export function readRegularFile(path: string): Buffer {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new NotAFile("it is a folder, not a file");
    if (!stats.isFile()) throw new NotAFile("it is a pipe or a device, not a file");
    if (stats.size > MAX_BYTES) throw new NotAFile("it has more than 16 MiB");
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
