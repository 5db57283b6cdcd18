/** Null: look at the line properly. Otherwise no rule can match it, and this is where it stood in the stream. */
export type Prefilter = (line: Buffer) => { readonly resourceVersion: string } | null;
