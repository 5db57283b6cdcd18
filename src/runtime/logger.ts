import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import type { Redactor } from "./secret.ts";

export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "fatal">;

/**
 * One JSON object a line, `time` in ISO 8601, `level` as a word. Every finished line goes through the redactor, so
 * no secret leaves through a log whatever field it hides in.
 */
export function createLogger(redactor: Redactor, level: string, stream: DestinationStream = process.stderr): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => stream.write(redactor.scrub(line)) },
  );
}
