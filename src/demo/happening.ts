/** What an Event is about. Cluster-scoped objects leave `namespace` out, as the API does. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** Who reports. A restart forgets all counts, so a part that starts again is another reporter: raise `boot`. */
export interface Reporter {
  readonly component: string;
  /** Empty for parts that do not name their node. */
  readonly host: string;
  /** Which of client-go's two recorders it uses: `tools/record` or `tools/events`. */
  readonly recorder: "core" | "series";
  readonly boot: number;
}

/** One time something happened, before a recorder folds repeats together. */
export interface Happening {
  /** Epoch ms. */
  readonly at: number;
  readonly by: Reporter;
  readonly about: ObjectRef;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** Only the series recorder reports one. */
  readonly action?: string;
}
