import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** One thing a program did to its disk, or a line it printed. */
export type DiskCall =
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly path: string; readonly length: number }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "print"; readonly text: string };

/** What a power cut makes of what was not synced yet: lost, all there, or for each write by chance all, none or a part. */
export type Fate = "lost" | "kept" | { readonly torn: () => number };

const CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink";
/** A disk writes a sector whole or not at all. */
const SECTOR_BYTES = 512;

/** Runs a program to its end under strace (Debian's package `strace`) and answers its calls in their order. */
export async function recordDisk(log: string, program: readonly string[]): Promise<readonly DiskCall[]> {
  const flags = ["-f", "-y", "-xx", "-s", "1000000", "-e", "signal=none", "-e", `trace=${CALLS}`, "-o", log];
  const child = spawn("strace", [...flags, ...program], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`the recorded program ended with ${code}`);
  return readFileSync(log, "latin1")
    .split("\n")
    .flatMap((line) => callIn(line) ?? []);
}

/** Null for a call that is none of these, or failed. */
function callIn(line: string): DiskCall | null {
  const [, name, rest, result] = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
  if (name === undefined || rest === undefined || Number(result) < 0) return null;
  const [first = "", second] = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => bytesOf(hex ?? ""));
  if (name === "rename") return { kind: "rename", path: String(first), to: String(second) };
  if (name === "unlink") return { kind: "remove", path: String(first) };
  const [, fd, hexPath = ""] = /^(\d+)<((?:\\x[0-9a-f]{2})*)>/.exec(rest) ?? [];
  const path = String(bytesOf(hexPath));
  if (name === "write") return fd === "1" ? { kind: "print", text: String(first) } : null;
  const last = Number(/(\d+)$/.exec(rest)?.[1]);
  if (name === "pwrite64") return { kind: "write", path, at: last, bytes: Buffer.from(first) };
  if (name === "ftruncate") return { kind: "cut", path, length: Number(/, (0x)?([0-9a-f]+)$/.exec(rest)?.[2]) };
  return { kind: "sync", path };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(String.raw`\x`, ""), "hex");
}

interface File {
  /** As of its last sync. */
  synced: Buffer;
  pending: (DiskCall & { kind: "write" | "cut" })[];
}

/** A disk that remembers what was only on its way. A name is there once its folder was synced, a content once its file was. */
export interface ReplayedDisk {
  apply(call: DiskCall): void;
  /** Puts the files of `folder` into another one, as they are found after a power cut now. */
  copyTo(folder: string, target: string, fate: Fate): void;
}

export function createReplayedDisk(): ReplayedDisk {
  const names = new Map<string, File>();
  let syncedNames = new Map<string, File>();

  const fileAt = (path: string): File => {
    const file = names.get(path) ?? { synced: Buffer.alloc(0), pending: [] };
    names.set(path, file);
    return file;
  };

  return {
    apply(call) {
      switch (call.kind) {
        case "write":
        case "cut":
          fileAt(call.path).pending.push(call);
          break;
        case "sync":
          if ([...names.keys()].some((path) => dirname(path) === call.path)) {
            syncedNames = new Map(names);
            break;
          }
          fileAt(call.path).synced = contentOf(fileAt(call.path), "kept");
          fileAt(call.path).pending = [];
          break;
        case "rename":
          names.set(call.to, fileAt(call.path));
          names.delete(call.path);
          break;
        case "remove":
          names.delete(call.path);
          break;
        case "print":
          break;
      }
    },
    copyTo(folder, target, fate) {
      const found = fate === "lost" ? syncedNames : names;
      for (const [path, file] of found) {
        if (dirname(path) === folder) writeFileSync(join(target, basename(path)), contentOf(file, fate));
      }
    },
  };
}

function contentOf({ synced, pending }: File, fate: Fate): Buffer {
  if (fate === "lost") return synced;
  let content: Buffer = Buffer.from(synced);
  for (const call of pending) {
    if (call.kind === "cut") {
      content = resized(content, call.length);
      continue;
    }
    const bytes = fate === "kept" ? call.bytes : partOf(call.bytes, fate.torn());
    if (bytes.length > 0) content = resized(content, Math.max(content.length, call.at + bytes.length));
    bytes.copy(content, call.at);
  }
  return content;
}

/** By chance none, all or the first sectors. */
function partOf(bytes: Buffer, chance: number): Buffer {
  if (chance < 0.33) return bytes.subarray(0, 0);
  if (chance < 0.66) return bytes;
  return bytes.subarray(0, Math.floor(((chance - 0.66) / 0.34) * (bytes.length / SECTOR_BYTES)) * SECTOR_BYTES);
}

function resized(content: Buffer, length: number): Buffer {
  return length <= content.length
    ? content.subarray(0, length)
    : Buffer.concat([content, Buffer.alloc(length - content.length)]);
}
