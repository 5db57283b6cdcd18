export interface Instruction {
  readonly name: string;
  readonly value: string;
}

export interface Stage {
  readonly from: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Defaults of the arguments before the first stage. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

/** As much of a Dockerfile as ours uses: comments, continued lines, instructions, named stages. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  const args: Record<string, string> = {};
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, name = "", value = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    const stage = stages.at(-1);
    if (name === "FROM") {
      const [, from = "", as = null] = /^(.*?)(?:\s+AS\s+(\S+))?$/.exec(value) ?? [];
      stages.push({ from, name: as, instructions: [] });
    } else if (stage) {
      stage.instructions.push({ name, value });
    } else if (name === "ARG") {
      const [key = "", initial = ""] = value.split("=");
      args[key] = initial;
    }
  }
  return { args, stages };
}
