import { copyFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import type { Channel, World } from "../../../src/deliver/kind.ts";
import { type WebhookSettings, kind } from "../../../src/deliver/webhook/kind.ts";
import { type WebhookServer, type WebhookServerOptions, startWebhookServer } from "../../../src/emulator/webhook.ts";
import type { Outcome } from "../../../src/model/delivery.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import {
  aDelivery,
  aDigestAlert,
  anAbsentAlert,
  anEventAlert,
  aNoticeAlert,
  aReadyAlert,
  aResolvedAlert,
  aTestAlert,
} from "../../support/alerts.ts";
import { aFolder, aLogger } from "../../support/delivery.ts";
import { anEvent } from "../../support/events.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { expectNoSecret } from "../../support/no-secret.ts";
import { testCertificate } from "../../support/test-certificates.ts";
import { anItem, aWorld } from "../../support/world.ts";

const SECRET = "xQ7pZ0mRk3LwN8vT2yB5cD";
const PASSWORD = "pa:ss wörd 0123456789";
const BASIC = Buffer.from(`ops:${PASSWORD}`).toString("base64");
const NOW = Date.UTC(2026, 10, 22, 12);

let clock: FakeClock;
let world: World;
let outcomes: Outcome[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  world = aWorld({ clock, networkClock: clock });
  outcomes = [];
});

// Every test of this file: nothing a channel answers or counts holds a secret or the address.
afterEach(async () => {
  const secrets = [SECRET, PASSWORD, BASIC, "/hooks/kubewhen-t0k3n"];
  expectNoSecret(secrets, { outcomes, metrics: await world.metrics.registry.metrics() });
});

async function aServer(options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> {
  const server = await startWebhookServer({ clock, ...options });
  onTestFinished(() => server.close());
  return server;
}

const value = (text: string): { readonly kind: "value"; readonly value: string } => ({ kind: "value", value: text });

function aChannel(url: string, over: Partial<WebhookSettings> = {}): Channel {
  const none = { headers: {}, authorization: null, hmac: null, cloudEvents: null } as const;
  const channel = kind.open(
    "ops",
    { url: value(url), tls: { ca: null, cert: null, key: null }, ...none, ...over },
    world,
  );
  onTestFinished(() => channel.close());
  return channel;
}

const signal = new AbortController().signal;

async function send(channel: Channel, item = anItem()): Promise<Outcome> {
  const [outcome] = await channel.send([item], signal);
  if (outcome === undefined) throw new Error("no outcome");
  outcomes.push(outcome);
  return outcome;
}

const composer = createComposer({
  templates: { own: { text: "{{reason}} <{{name}}> {{message}}" }, list: ["{{kind}}", 1, null] },
  language: "en",
  timeZone: "UTC",
  logger: aLogger().logger,
});

test("an alert without a layout is posted as JSON, with a key that a repeat has too", async () => {
  const server = await aServer();
  const channel = aChannel(server.url);
  expect(await send(channel)).toEqual({ kind: "delivered" });
  expect(await send(channel)).toEqual({ kind: "delivered" });
  expect(server.accepted()[0]).toMatchObject({ kind: "event", title: "home · BackOff", lead: "hello" });
  const [first, second] = server.requests();
  expect(first?.headers["idempotency-key"]).toBe(anItem().delivery.key);
  expect([first?.duplicate, second?.duplicate]).toEqual([false, true]);
  expect(first?.port).toBe(second?.port);
});

test("a layout is any JSON, and its values stand in it as they are", async () => {
  const server = await aServer();
  const channel = aChannel(server.url);
  const event = anEvent({ message: 'a "b" <c> 好\n', involvedObject: { name: "<x>", kind: "Pod" } });
  for (const template of ["own", "list"]) {
    const rule = { key: "k", name: "r", template, values: {} };
    await send(channel, composer.item(aDelivery(anEventAlert({ rule, event })), kind.dialect));
  }
  expect(server.accepted()).toEqual([{ text: 'BackOff <<x>> a "b" <c> 好\n' }, ["Pod", 1, null]]);
});

test("the plainest form is one line", async () => {
  const server = await aServer();
  expect(await send(aChannel(server.url), anItem({ delivery: { plain: 2 } }))).toEqual({ kind: "delivered" });
  expect(server.accepted()).toEqual([{ summary: "plain words" }]);
});

describe("a server that lets in whom it knows", () => {
  const basic = { kind: "basic", user: "ops", password: value(PASSWORD) } as const;
  const bearer = { kind: "bearer", token: value(SECRET) } as const;

  test.each([
    ["user and password", basic, `Basic ${BASIC}`],
    ["a token", bearer, `Bearer ${SECRET}`],
  ])("takes %s, and nobody without", async (_what, authorization, wanted) => {
    const server = await aServer({ settings: { authorization: wanted } });
    expect(await send(aChannel(server.url, { authorization }))).toEqual({ kind: "delivered" });
    expect(await send(aChannel(server.url))).toMatchObject({ kind: "misconfigured", reason: "not_authorised" });
  });

  test("takes a token of a file, read again when it changes", async () => {
    const server = await aServer({ settings: { authorization: "Bearer second-token" } });
    const path = join(aFolder(), "token");
    writeFileSync(path, "first-token-\n");
    const channel = aChannel(server.url, { authorization: { kind: "bearer", token: { kind: "file", path } } });
    expect(await send(channel)).toMatchObject({ kind: "misconfigured", reason: "not_authorised" });
    writeFileSync(path, "second-token\n");
    utimesSync(path, 1, 1);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    writeFileSync(path, "two\r\nX-Evil: lines");
    expect(await send(channel)).toEqual({
      kind: "misconfigured",
      reason: "secret_unusable",
      detail: "the bearer token cannot stand in a header",
      arrived: "no",
    });
    rmSync(path);
    expect(await send(channel)).toMatchObject({ reason: "secret_unreadable", arrived: "no" });
    expect(server.requests()).toHaveLength(2);
  });

  test("takes headers of the configuration", async () => {
    const headers = { "x-api-key": SECRET, "x-team": "ops" };
    const server = await aServer({ settings: { headers } });
    expect(await send(aChannel(server.url, { headers }))).toEqual({ kind: "delivered" });
  });

  test.each<[string, Partial<WebhookSettings>, string]>([
    ["a header", { headers: { "x-api-key": `Key ${SECRET}` } }, SECRET],
    ["a token", { authorization: bearer }, SECRET],
    ["a password in base64", { authorization: basic }, BASIC],
    ["a key of signatures", { hmac: { header: "x-s", secret: value(SECRET) } }, SECRET],
  ])("and quotes %s gives away nothing", async (_what, settings, quoted) => {
    const server = await aServer();
    server.answerNext(403, `you sent ${quoted} to ${server.url}`);
    const outcome = await send(aChannel(server.url, settings));
    expect(outcome).toMatchObject({ detail: "HTTP 403: you sent [redacted] to [redacted]" });
  });
});

describe("a server that checks signatures", () => {
  const hmac = { header: "x-signature", secret: value(SECRET) };

  test.each(["structured", "binary", null] as const)(
    "takes what is signed now, CloudEvents: %s",
    async (cloudEvents) => {
      const server = await aServer({ settings: { hmac: { ...hmac, secret: SECRET }, cloudEvents } });
      const channel = aChannel(server.url, { hmac, cloudEvents });
      expect(await send(channel, anItem({ message: { lead: "好 \u{1F600}" } }))).toEqual({ kind: "delivered" });
      await clock.advance(3_600_000);
      expect(await send(channel)).toEqual({ kind: "delivered" });
    },
  );

  test("refuses another key, and a request of an hour ago", async () => {
    const server = await aServer({ settings: { hmac: { ...hmac, secret: "another" } } });
    expect(await send(aChannel(server.url, { hmac }))).toMatchObject({ kind: "misconfigured" });
    const late = await aServer({
      clock: createFakeClock(NOW + 3_600_000),
      settings: { hmac: { ...hmac, secret: SECRET } },
    });
    expect(await send(aChannel(late.url, { hmac }))).toMatchObject({ kind: "misconfigured" });
  });

  test("gets nothing unsigned where the key's file is empty", async () => {
    const server = await aServer();
    const path = join(aFolder(), "key");
    writeFileSync(path, " \n");
    const channel = aChannel(server.url, { hmac: { header: "x-signature", secret: { kind: "file", path } } });
    expect(await send(channel)).toMatchObject({ kind: "misconfigured", reason: "secret_unusable", arrived: "no" });
    expect(server.requests()).toEqual([]);
  });
});

describe("CloudEvents", () => {
  const alerts = [
    anEventAlert({ rule: { key: "k", name: "r", template: "own", values: {} } }),
    anEventAlert({ event: anEvent({ involvedObject: { name: 'a "b"\r\nX-Evil: 1 %好\u{FFFE}' } }) }),
    aResolvedAlert(),
    anAbsentAlert({ last: null }),
    aDigestAlert(),
    aNoticeAlert(),
    aTestAlert(),
    aReadyAlert(),
  ];

  test.each(["structured", "binary"] as const)("of every kind of alert are valid: %s", async (cloudEvents) => {
    const server = await aServer({ settings: { cloudEvents } });
    const channel = aChannel(server.url, { cloudEvents });
    for (const alert of alerts) {
      expect(await send(channel, composer.item(aDelivery(alert), kind.dialect))).toEqual({ kind: "delivered" });
    }
    expect(server.accepted()).toHaveLength(alerts.length);
    expect(server.requests().map(({ headers }) => headers["x-evil"])).toEqual(alerts.map(() => undefined));
  });

  test("are what the server wants, or it says so", async () => {
    const server = await aServer({ settings: { cloudEvents: "binary" } });
    expect(await send(aChannel(server.url))).toMatchObject({ kind: "unknown", reason: "bad_request" });
  });
});

/** With another modification time, however fast the test is. */
function rewrite(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, 1, text.length);
}

describe("certificates", () => {
  const [a, b] = [testCertificate("a"), testCertificate("b")];

  function files(): { readonly ca: string; readonly cert: string; readonly key: string } {
    const folder = aFolder();
    const path = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    return { ca: path("ca.crt", a.cert), cert: path("client.crt", b.cert), key: path("client.key", b.key) };
  }

  beforeEach(() => {
    world = aWorld({ clock, networkClock: systemClock });
  });

  test("of our own authority and of the client make a connection, over HTTP/2", async () => {
    const server = await aServer({ tls: { ...a, clientCa: b.cert } });
    expect(await send(aChannel(server.url, { tls: files() }))).toEqual({ kind: "delivered" });
    expect(server.requests()).toMatchObject([{ client: "kubewhen test only b", httpVersion: "2.0" }]);
  });

  test("that the server does not know, or does not get, deliver nothing", async () => {
    const server = await aServer({ tls: { ...a, clientCa: b.cert } });
    const { ca } = files();
    expect(await send(aChannel(server.url, { tls: { ca, cert: null, key: null } }))).toMatchObject({ kind: "retry" });
    expect(await send(aChannel(server.url, { tls: { ca: null, cert: null, key: null } }))).toMatchObject({
      kind: "retry",
      reason: "tls_failed",
      arrived: "no",
    });
    expect(server.requests()).toEqual([]);
  });

  test("are read again when they change, and a pair that does not fit sends nothing", async () => {
    const server = await aServer({ tls: { ...a, clientCa: b.cert } });
    const tls = files();
    const channel = aChannel(server.url, { tls });
    expect(await send(channel)).toEqual({ kind: "delivered" });
    rewrite(tls.cert, a.cert);
    expect(await send(channel)).toEqual({
      kind: "misconfigured",
      reason: "tls_unusable",
      detail: "`certFile` and `keyFile` are no certificate with its key",
      arrived: "no",
    });
    rewrite(tls.key, a.key);
    // A pair again, and one that the server does not know.
    expect(await send(channel)).toMatchObject({ kind: "retry" });
    rewrite(tls.cert, b.cert);
    rewrite(tls.key, `${b.key}\n`);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(server.requests()).toHaveLength(2);
  });

  test("that are none are told without a word of them", async () => {
    const tls = files();
    copyFileSync(tls.key, tls.ca);
    expect(await send(aChannel("https://127.0.0.1:1/x", { tls }))).toMatchObject({
      reason: "tls_unusable",
      detail: "`caFile` holds no certificate",
    });
  });
});

describe("an address", () => {
  test.each(["http://alerts.example.com/x", "ftp://127.0.0.1/x", "https://u:p@alerts.example.com/", "nonsense", " "])(
    "that is none sends nothing: %s",
    async (url) => {
      expect(await send(aChannel(url))).toMatchObject({ kind: "misconfigured", reason: "url_invalid", arrived: "no" });
    },
  );

  test("that is wrong needs a person", async () => {
    const server = await aServer();
    expect(await send(aChannel(`${server.url}x`))).toMatchObject({ kind: "misconfigured", reason: "wrong_address" });
  });
});

describe("the size of a body", () => {
  test.each(["structured", "binary", null] as const)("stays below the limit, CloudEvents: %s", async (cloudEvents) => {
    const server = await aServer({ settings: { cloudEvents, maxBytes: kind.limits.bytes } });
    const name = "\u{1}\u{FFFF}好".repeat(10_000);
    const event = anEvent({ namespace: name, involvedObject: { name }, message: '\u{2028}"好'.repeat(30_000) });
    const alert = anEventAlert({ event, cluster: "好 ".repeat(5000), group: [["namespace", "x".repeat(20_000)]] });
    const channel = aChannel(server.url, { cloudEvents });
    expect(await send(channel, composer.item(aDelivery(alert), kind.dialect))).toEqual({ kind: "delivered" });
    expect(await send(channel, anItem({ layout: ["x".repeat(kind.limits.bytes)] }))).toEqual({ kind: "delivered" });
    expect(await send(channel, anItem({ layout: ["x".repeat(kind.limits.bytes - 4200)] }))).toEqual({
      kind: "delivered",
    });
  });

  test("that the server finds too large calls for plainer words", async () => {
    const server = await aServer({ settings: { maxBytes: 100 } });
    const channel = aChannel(server.url);
    expect(await send(channel)).toMatchObject({ kind: "refused", reason: "too_large", arrived: "yes" });
    expect(await send(channel, anItem({ delivery: { plain: 2 } }))).toEqual({ kind: "delivered" });
  });
});

test("two receivers of one address are one destination", () => {
  const settings = { url: value("https://alerts.example.com/hook") } as WebhookSettings;
  expect(kind.destination(settings, world)).toBe(kind.destination({ ...settings }, world));
  expect(kind.destination(settings, world)).not.toContain("alerts");
});
