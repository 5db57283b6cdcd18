import type { AgendaEntry } from "../model/state.ts";

/** When something falls due. The first of the kinds of an `AgendaEntry`; `while` and `at` join it here. */
type When = {
  readonly kind: "after";
  /** Lasting ms. */
  readonly due: number;
};

/** What falls due by time: things, each under a key of its own and due once. */
export interface Agenda<Thing> {
  get(key: string): Thing | null;
  /** In place of what stood under the key. */
  put(key: string, when: When, thing: Thing): void;
  /** To be called when the thing under the key has changed in itself. */
  touch(key: string): void;
  /** Takes out what is due, earliest first; all there is with `Infinity`. */
  takeDue(now: number): readonly Thing[];
  /** Takes out the one that falls due next, before its time. */
  takeNext(): Thing | null;
  size(): number;
  /** Entries put in or touched since the last call. */
  changed(): readonly AgendaEntry[];
  /** Keys handed out by `changed` or put in by `restore` that are no more, since the last call. */
  removed(): readonly string[];
  /** Puts back what was saved, due when it was. Null: it cannot be read and is to be forgotten. */
  restore(key: string, saved: { readonly when: When; readonly thing: Thing } | null): void;
}

interface Item<Thing> {
  readonly when: When;
  readonly thing: Thing;
  isSaved: boolean;
}

/** An empty agenda. `bodyOf` writes a thing as it is to be saved; it is called when the changes are asked for. */
export function createAgenda<Thing>(bodyOf: (thing: Thing) => string): Agenda<Thing> {
  const items = new Map<string, Item<Thing>>();
  const changed = new Set<string>();
  const removed = new Set<string>();
  /** Nothing is due before this. */
  let nextDue = Infinity;

  const insert = (key: string, item: Item<Thing>): void => {
    items.set(key, item);
    removed.delete(key);
    nextDue = Math.min(nextDue, item.when.due);
  };

  const takeOut = (key: string, item: Item<Thing>): Thing => {
    items.delete(key);
    if (item.isSaved) removed.add(key);
    return item.thing;
  };

  const inOrder = (): [string, Item<Thing>][] => [...items].toSorted(([, a], [, b]) => a.when.due - b.when.due);

  return {
    get: (key) => items.get(key)?.thing ?? null,
    put(key, when, thing) {
      insert(key, { when, thing, isSaved: items.get(key)?.isSaved ?? removed.has(key) });
      changed.add(key);
    },
    touch(key) {
      if (items.has(key)) changed.add(key);
    },
    takeDue(now) {
      if (nextDue > now) return [];
      const due = inOrder().filter(([, { when }]) => when.due <= now);
      const things = due.map(([key, item]) => takeOut(key, item));
      nextDue = Math.min(...Array.from(items.values(), ({ when }) => when.due));
      return things;
    },
    takeNext() {
      const [next] = inOrder();
      return next ? takeOut(...next) : null;
    },
    size: () => items.size,
    changed() {
      const entries: AgendaEntry[] = [];
      for (const key of changed) {
        const item = items.get(key);
        if (!item) continue;
        item.isSaved = true;
        entries.push({ key, kind: item.when.kind, due: item.when.due, body: bodyOf(item.thing) });
      }
      changed.clear();
      return entries;
    },
    removed() {
      const keys = [...removed];
      removed.clear();
      return keys;
    },
    restore(key, saved) {
      if (saved) insert(key, { ...saved, isSaved: true });
      else removed.add(key);
    },
  };
}
