import { Counter, type CounterConfiguration, type LabelValues } from "prom-client";

interface Cell<L extends string> {
  readonly labels: LabelValues<L>;
  value: number;
}

/**
 * A prom-client Counter whose `inc` is cheap enough to be called for each Event: it adds to a number of its own, and the
 * Counter takes the sums over when it is read. prom-client itself sorts and joins the labels at each call, which cost
 * more than deciding about the Event (prom-client 15.1, measured 2026-11).
 *
 * Labels are not checked before they are read; their sets must be closed, as all of ours are.
 */
export function createTally<L extends string>(configuration: Omit<CounterConfiguration<L>, "collect">): Counter<L> {
  const cells = new Map<string, Cell<L>>();
  const [first, second] = configuration.labelNames ?? [];
  let unlabelled = 0;

  const counter: Counter<L> = new Counter<L>({
    ...configuration,
    collect() {
      if (unlabelled > 0) take(unlabelled);
      unlabelled = 0;
      for (const cell of cells.values()) {
        if (cell.value > 0) take(cell.labels, cell.value);
        cell.value = 0;
      }
    },
  });
  const take = counter.inc.bind(counter);

  const add = (labels: LabelValues<L>, value: number): void => {
    const name = first === undefined ? "" : String(labels[first]);
    // The length in front keeps two pairs of values apart, whatever they hold.
    const key = second === undefined ? name : `${name.length} ${name}${String(labels[second])}`;
    const cell = cells.get(key);
    if (cell) cell.value += value;
    else cells.set(key, { labels: { ...labels }, value });
  };
  counter.inc = (labels?: object | number, value: number = 1): void => {
    if (typeof labels === "object") add(labels, value);
    else unlabelled += labels ?? 1;
  };
  return counter;
}
