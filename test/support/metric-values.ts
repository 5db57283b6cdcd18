/** A counter or gauge, as far as reading it goes. */
interface Readable {
  get(): Promise<{ readonly values: readonly { readonly value: number; readonly labels: object }[] }>;
}

/** The sum of a metric's series that have these labels. */
export async function sumOf(metric: Readable, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { values } = await metric.get();
  return values
    .filter((one) => {
      const own = new Map<string, unknown>(Object.entries(one.labels));
      return Object.entries(labels).every(([name, value]) => own.get(name) === value);
    })
    .reduce((sum, one) => sum + one.value, 0);
}
