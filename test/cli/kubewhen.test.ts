import { createServer } from "node:net";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFeishuBot, type FeishuBot } from "../../src/emulator/feishu-bot.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { VERSION } from "../../src/version.ts";
import { startEmulatedCluster, type EmulatedCluster } from "../flow/cluster.ts";
import { anEventToWrite } from "../flow/flow-suite.ts";
import { install, until, type Program } from "../flow/program.ts";
import { aFolder } from "../support/delivery.ts";
import { expectNoSecret } from "../support/no-secret.ts";
import { makePipe } from "../support/pipes.ts";
import { runProgram, type Ended } from "../support/programs.ts";

const TOKEN = "0f0f0f0f-1111-2222-3333-444444444444";
const SIGN_SECRET = "cli-sign-secret-4711";
const BEARER = "emulated-cluster-token";
const GOOD_RULES = "told: when type=Warning notify feishu\n";
const BROKEN_RULES = "when knd=Pod and reason=~'(' notify feishi\n";

const kubewhen = (...args: readonly string[]): Promise<Ended> => runProgram("kubewhen", args);

async function aBot(): Promise<FeishuBot> {
  const bot = await startFeishuBot({ clock: systemClock, token: TOKEN, settings: { secret: SIGN_SECRET } });
  onTestFinished(() => bot.close());
  return bot;
}

async function aCluster(): Promise<EmulatedCluster> {
  const cluster = await startEmulatedCluster();
  onTestFinished(() => cluster.close());
  return cluster;
}

interface Files {
  readonly config: string;
  readonly rules: string;
  readonly kubeconfig: string;
}

/** What `kubewhen` is given, on disk; unless said otherwise all in order, with a receiver `feishu`. */
function someFiles(parts: {
  readonly url?: string;
  readonly secret?: string;
  readonly rules?: string;
  readonly kubeconfig?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}): Files {
  const folder = aFolder();
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const feishu = {
    urlFile: write("url", parts.url ?? `http://127.0.0.1:9/open-apis/bot/v2/hook/${TOKEN}\n`),
    secretFile: write("secret", parts.secret ?? SIGN_SECRET),
  };
  const config = {
    receivers: [
      { name: "feishu", feishu },
      { name: "dump", stdout: {} },
    ],
    outbox: { path: join(folder, "outbox") },
    server: { listen: "127.0.0.1:0" },
    ...parts.config,
  };
  return {
    config: write("config.yaml", JSON.stringify(config)),
    rules: write("some.rules", parts.rules ?? GOOD_RULES),
    kubeconfig: write("kubeconfig", parts.kubeconfig ?? "{}"),
  };
}

const runWith = ({ config, rules, kubeconfig }: Files): Promise<Ended> =>
  kubewhen("run", "--config", config, "--rules", rules, "--kubeconfig", kubeconfig);

const sendTest = (files: Files, receiver = "feishu"): Promise<Ended> =>
  kubewhen("send-test", receiver, "--config", files.config);

describe("kubewhen", () => {
  test("shows with --help what it can do and examples to copy", async () => {
    const { code, stdout, stderr } = await kubewhen("--help");
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const text of ["Examples:", "kubewhen demo", "run", "send-test", "rulecheck check", "notify feishu"]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).not.toContain("compile");
  });

  test("without arguments shows the same, as an error", async () => {
    const { code, stdout, stderr } = await kubewhen();
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Examples:");
  });

  test("answers --version", async () => {
    expect(await kubewhen("--version")).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  test("suggests the command that was meant", async () => {
    const { code, stderr } = await kubewhen("rnu");
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'rnu'");
    expect(stderr).toContain("Did you mean run?");
  });

  test.each([
    ["an unknown option", ["run", "--cofnig", "x"], "Did you mean --config?"],
    ["a missing argument", ["send-test"], "missing required argument 'receiver'"],
    ["a log level there is not", ["run", "--log-level", "loud"], "--log-level is one of debug, info, warn, error"],
  ])("cannot run with %s", async (_what, args, said) => {
    const { code, stderr } = await kubewhen(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});

describe("kubewhen run", () => {
  test("refuses rules with errors when no good ones were kept, and shows all mistakes once", async () => {
    const { code, stderr } = await runWith(someFiles({ rules: BROKEN_RULES }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\/.*some\.rules:1:6 error E201 unknown field `knd`$/m);
    expect(stderr).toContain("did you mean `feishu`?");
    expect(stderr.match(/E201 unknown/g)).toHaveLength(1);
    expect(stderr).not.toContain('"level"');
  });

  test("refuses a configuration with errors", async () => {
    const { code, stderr } = await runWith(someFiles({ config: { receivrs: [] } }));
    expect(code).toBe(1);
    expect(stderr).toContain("receivrs");
  });

  test("cannot run without a configuration or rules to read, and says which", async () => {
    const files = someFiles({});
    const noConfig = await runWith({ ...files, config: "/nowhere/config.yaml" });
    expect(noConfig.code).toBe(2);
    expect(noConfig.stderr).toContain("/nowhere/config.yaml");
    const noRules = await runWith({ ...files, rules: "/nowhere/rules" });
    expect(noRules.code).toBe(2);
    expect(noRules.stderr).toContain("cannot read rules from /nowhere/rules");
  });

  test("cannot run with a pipe in the place of its files, and does not wait for it", async () => {
    const files = someFiles({});
    const pipe = makePipe(join(aFolder(), "pipe"));
    for (const spoilt of [
      { ...files, config: pipe },
      { ...files, rules: pipe },
    ]) {
      const { code, stderr } = await runWith(spoilt);
      expect(code).toBe(2);
      expect(stderr).toMatch(/cannot read .*pipe: it is a pipe or a device, not a file/);
    }
  });

  test("quotes nothing of a configuration that may be a secret", async () => {
    const files = someFiles({});
    const url = `https://open.feishu.cn/open-apis/bot/v2/hook/${TOKEN}`;
    for (const text of [
      `receivers: [{name: f, feishu: {url: "\${${url}}"}}]`,
      `receivers:\n- name: f\n  feishu:\n    url: >\n      ${url}\n    secret: !${SIGN_SECRET} x`,
      `receivers: [{name: dump, stdout: {}}]\nsecret: ${SIGN_SECRET}\nserver: {secret: ${url}}`,
      `receivers: [{name: f, feishu: {url: ${url}]`,
      `receivers: [*${SIGN_SECRET}]`,
    ]) {
      writeFileSync(files.config, text);
      const { code, stdout, stderr } = await runWith(files);
      expect(code).toBe(1);
      expect(stderr).toContain("config.yaml:");
      expectNoSecret([TOKEN, SIGN_SECRET], { stdout, stderr });
    }
  });

  test("cannot run with a kubeconfig that is none, and quotes nothing of it", async () => {
    const kubeconfig = `users:\n- name: a\n  user:\n    token: ${BEARER}\n   bad: [\n`;
    const { code, stderr } = await runWith(someFiles({ kubeconfig }));
    expect(code).toBe(2);
    expect(stderr).toContain("cannot read the kubeconfig");
    expectNoSecret([BEARER], { stderr });
  });

  test("cannot run where its address is taken, and says so", async () => {
    const cluster = await aCluster();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void squatter.close());
    const address = squatter.address();
    const port = typeof address === "object" ? address?.port : 0;
    const config = { server: { listen: `127.0.0.1:${port}` } };
    const { code, stderr } = await runWith(someFiles({ kubeconfig: cluster.kubeconfig, config }));
    expect(code).toBe(2);
    expect(stderr).toContain("EADDRINUSE");
  });

  test("goes on with the last good rules when new ones are broken, says so, and lets no secret out", async () => {
    const [cluster, bot] = [await aCluster(), await aBot()];
    const installation = install({ kubeconfig: cluster.kubeconfig, bot, rules: GOOD_RULES });
    onTestFinished(() => installation.remove());
    const first = await installation.start();
    expect(await first.stop()).toBe(0);
    installation.writeRules(BROKEN_RULES);

    const second: Program = await installation.start();
    onTestFinished(() => second.kill());
    const { status, body } = await second.readiness();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ ok: true, reload: { refused: true } });
    expect(body).toContain("E201 unknown field `knd`");
    expect(second.output()).toContain("the last good set, kept on disk, runs instead");
    expect(await second.metric("kubewhen_reload_refused")).toBe(1);
    await cluster.create(anEventToWrite());
    await until("a card", () => bot.accepted().length === 1);

    cluster.server.setToken("another");
    cluster.server.cut();
    await until("the refusal of the API server", () => second.output().includes("refuses the watch"));
    const metrics = await (await fetch(`${second.baseUrl}/metrics`)).text();
    expect(await second.stop()).toBe(0);
    const output = first.output() + second.output();
    expectNoSecret([BEARER, TOKEN, SIGN_SECRET, bot.url], { output, metrics, body });
  });

  test("does not fall back to good rules that tell a receiver that is gone", async () => {
    const [cluster, bot] = [await aCluster(), await aBot()];
    const files = someFiles({ kubeconfig: cluster.kubeconfig, url: bot.url });
    const installation = install({ kubeconfig: cluster.kubeconfig, bot, rules: GOOD_RULES });
    onTestFinished(() => installation.remove());
    const config = { receivers: [{ name: "other", stdout: {} }], outbox: { path: installation.path("outbox") } };
    const first = await installation.start();
    await first.stop();
    writeFileSync(files.config, JSON.stringify({ ...config, server: { listen: "127.0.0.1:0" } }));
    const { code, stderr } = await runWith(files);
    expect(code).toBe(1);
    expect(stderr).toContain("E501 unknown receiver `feishu`");
  });
});

describe("kubewhen send-test", () => {
  test("sends one marked message through the real path", async () => {
    const bot = await aBot();
    const { code, stdout, stderr } = await sendTest(someFiles({ url: bot.url }));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "feishu: delivered\n", stderr: "" });
    expect(JSON.stringify(bot.accepted())).toContain("feishu");
    expect(bot.accepted()).toHaveLength(1);
  });

  test("prints the decoded answer of a bot that refuses the signature, and no address, token or secret", async () => {
    const bot = await aBot();
    const { code, stdout, stderr } = await sendTest(someFiles({ url: bot.url, secret: "cli-wrong-secret" }));
    expect(code).toBe(1);
    expect(stdout).toContain("sign_mismatch");
    expect(stdout).toContain("code 19021: sign match fail or timestamp is not within one hour from current time");
    expectNoSecret([bot.url, TOKEN, SIGN_SECRET, "cli-wrong-secret"], { stdout, stderr });
  });

  test("prints no address that the receiver's answer quotes", async () => {
    const bot = await aBot();
    bot.answerNext(200, JSON.stringify({ code: 19001, msg: `no such hook: ${bot.url}` }));
    const { code, stdout } = await sendTest(someFiles({ url: bot.url }));
    expect(code).toBe(1);
    expect(stdout).toContain("token_invalid");
    expectNoSecret([bot.url, TOKEN], { stdout });
  });

  test("tells an unreachable receiver from one that refuses, and a secret that cannot be read from both", async () => {
    const away = await sendTest(someFiles({}));
    expect(away.code).toBe(1);
    expect(away.stdout).toContain("worth another try (connect_failed)");
    const files = someFiles({});
    rmSync(join(files.config, "..", "url"));
    const unreadable = await sendTest(files);
    expect(unreadable.code).toBe(1);
    expect(unreadable.stdout).toContain("secret_unreadable");
  });

  test("prints the message of a receiver on standard output", async () => {
    const { code, stdout } = await sendTest(someFiles({}), "dump");
    expect(code).toBe(0);
    const [line, outcome] = stdout.trim().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({ rule: "send-test", cluster: "kubernetes" });
    expect(outcome).toBe("dump: delivered");
  });

  test("suggests the receiver that was meant, or names all there are", async () => {
    const files = someFiles({});
    const near = await sendTest(files, "fieshu");
    expect(near).toMatchObject({ code: 2, stdout: "" });
    expect(near.stderr).toContain("did you mean feishu?");
    expect((await sendTest(files, "pager-duty")).stderr).toContain("there are: feishu, dump");
  });

  test("cannot run without a configuration, and refuses one with errors", async () => {
    const files = someFiles({ config: { receivrs: [] } });
    const none = await sendTest({ ...files, config: "/nowhere/config.yaml" });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("cannot read /nowhere/config.yaml (ENOENT); name it with --config");
    const broken = await sendTest(files);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("receivrs");
  });
});
