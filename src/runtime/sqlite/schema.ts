/** Stands in `user_version` of the file. 1 was kubewhen 0.1. */
export const SCHEMA_VERSION = 2;

/** What an alert costs beside its text: columns, its delivery, indexes and the part of a page left empty. */
export const ALERT_ROW_BYTES = 512;

/** One table: all that is needed to make it, to know that it is whole, and to copy it. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** The order in which it is read and written fastest; equal to its key. */
  readonly key: string;
  readonly sql: string;
}

/*
 * Times named `_at` are epoch ms and for people, but for `made_at`, `due_at` and `due`, which are of the lasting clock.
 */
export const TABLES: readonly Table[] = [
  {
    name: "checkpoint",
    columns: ["key", "value"],
    key: "key",
    sql: "CREATE TABLE checkpoint(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
  },
  {
    // A log, the newest row of an Event counts: in order of time it touches few pages, in order of uid one for each row.
    name: "event_counts",
    columns: ["seq", "uid", "count", "last_seen_at"],
    key: "seq",
    sql: `CREATE TABLE event_counts(
      seq INTEGER PRIMARY KEY, uid TEXT NOT NULL, count INTEGER NOT NULL, last_seen_at INTEGER NOT NULL)`,
  },
  {
    name: "throttle_groups",
    columns: ["rule_key", "grp", "state"],
    key: "rule_key, grp",
    sql: `CREATE TABLE throttle_groups(rule_key TEXT, grp TEXT, state TEXT, PRIMARY KEY(rule_key, grp)) WITHOUT ROWID`,
  },
  {
    name: "agenda",
    columns: ["key", "kind", "due", "body"],
    key: "key",
    sql: "CREATE TABLE agenda(key TEXT PRIMARY KEY, kind TEXT NOT NULL, due INTEGER, body TEXT NOT NULL) WITHOUT ROWID",
  },
  {
    // `body` is null once the history has let go of it.
    name: "alerts",
    columns: "id uid at made_at kind rank rule label owner occurrences bytes body".split(" "),
    key: "id",
    sql: `CREATE TABLE alerts(
      id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, at INTEGER NOT NULL, made_at INTEGER NOT NULL,
      kind TEXT NOT NULL, rank INTEGER NOT NULL, rule TEXT NOT NULL, label TEXT NOT NULL,
      owner TEXT NOT NULL DEFAULT '', occurrences INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT)`,
  },
  {
    // The ledger too. `open_digest`: the alert that takes what is beyond the receiver's share, until it is first tried.
    name: "receivers",
    columns: "id name written delivered dead merged waiting_bytes open_digest".split(" "),
    key: "id",
    sql: `CREATE TABLE receivers(
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, written INTEGER NOT NULL DEFAULT 0,
      delivered INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0, merged INTEGER NOT NULL DEFAULT 0,
      waiting_bytes INTEGER NOT NULL DEFAULT 0, open_digest INTEGER)`,
  },
  {
    // `state`: 0 waiting, 1 delivered, 2 dead, 3 merged. `grp`: hash of rule and group. `oldest`: 1 on the oldest
    // waiting one of its receiver and group, the only one that may be tried.
    name: "deliveries",
    columns:
      "alert receiver state rank grp oldest due_at attempts unsure plain reason detail ended_at remote merged_into".split(
        " ",
      ),
    key: "alert, receiver",
    sql: `CREATE TABLE deliveries(
      alert INTEGER NOT NULL, receiver INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL,
      grp INTEGER NOT NULL, oldest INTEGER NOT NULL, due_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
      unsure INTEGER NOT NULL DEFAULT 0, plain INTEGER NOT NULL DEFAULT 0, reason TEXT, detail TEXT, ended_at INTEGER,
      remote TEXT, merged_into INTEGER, PRIMARY KEY(alert, receiver)) WITHOUT ROWID`,
  },
  {
    name: "paces",
    columns: ["destination", "sent"],
    key: "destination",
    sql: "CREATE TABLE paces(destination TEXT PRIMARY KEY, sent TEXT NOT NULL) WITHOUT ROWID",
  },
];

/** Each holds only what waits, so that what has ended costs nothing; a put off row is in `d_due` instead of `d_next`. */
export const INDEXES: readonly string[] = [
  "CREATE INDEX d_next ON deliveries(receiver, rank, alert) WHERE state = 0 AND oldest = 1 AND due_at IS NULL",
  "CREATE INDEX d_due ON deliveries(receiver, due_at) WHERE state = 0 AND due_at IS NOT NULL",
  "CREATE INDEX d_group ON deliveries(receiver, grp, alert) WHERE state = 0",
  "CREATE INDEX d_tried ON deliveries(receiver, attempts, rank, alert) WHERE state = 0 AND attempts > 0",
];
