import type { DigestWhy } from "../model/alert.ts";

/** Languages of messages. */
export type Language = "en" | "zh";

/** A count of groups and of what happened in them, between two times. */
interface DigestCounts {
  readonly groups: number;
  readonly occurrences: number;
  readonly from: string;
  readonly to: string;
}

interface DigestTexts {
  readonly title: (groups: number) => string;
  readonly lead: (counts: DigestCounts) => string;
}

/** The words of messages; everything else in them comes from the Event or the configuration. */
export interface Texts {
  readonly type: string;
  readonly kind: string;
  readonly object: string;
  readonly namespace: string;
  readonly node: string;
  readonly reason: string;
  readonly time: string;
  readonly count: string;
  readonly message: string;
  readonly rule: string;
  readonly lasted: string;
  readonly lastSeen: string;
  readonly held: (count: number, since: string) => string;
  readonly resolvedTitle: (what: string) => string;
  readonly absentTitle: (rule: string) => string;
  readonly absent: (forText: string) => string;
  readonly digests: Readonly<Record<DigestWhy, DigestTexts>>;
  /** `×3`, behind a line of a digest that stands for several occurrences. */
  readonly times: (occurrences: number) => string;
  readonly unsure: string;
  readonly more: (groups: number, occurrences: number) => string;
  readonly noticeTitle: string;
  readonly notice: (cause: string) => string;
  /** Sentences of the notices that have one, by cause. */
  readonly notices: Readonly<Record<string, string>>;
  readonly testTitle: string;
  readonly test: (receiver: string) => string;
}

const english = (what: string): DigestTexts => ({
  title: (groups) => `${groups} groups ${what}`,
  lead: ({ groups, occurrences, from, to }) =>
    `${groups} groups with ${occurrences} occurrences between ${from} and ${to}, ${what}:`,
});

const chinese = (what: string): DigestTexts => ({
  title: (groups) => `${what}：${groups} 组`,
  lead: ({ groups, occurrences, from, to }) => `${from} 至 ${to} 间${what}共 ${groups} 组、${occurrences} 次：`,
});

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    type: "Type",
    kind: "Kind",
    object: "Object",
    namespace: "Namespace",
    node: "Node",
    reason: "Reason",
    time: "Time",
    count: "Count",
    message: "Message",
    rule: "Rule",
    lasted: "Lasted",
    lastSeen: "Last seen",
    held: (count, since) => `+${count} since ${since}`,
    resolvedTitle: (what) => `${what} is over`,
    absentTitle: (rule) => `${rule}: nothing came`,
    absent: (forText) => `Nothing of what this rule waits for has come for ${forText}.`,
    digests: {
      rule: english("gathered"),
      flood: {
        title: (groups) => `${groups} more groups`,
        lead: ({ groups, occurrences, from, to }) =>
          `${groups} new groups with ${occurrences} occurrences between ${from} and ${to}, more than there is room to follow one by one. The first of them:`,
      },
      offline: english("while this receiver could not be reached"),
      quiet: english("in the quiet hours"),
      budget: english("gathered to save traffic"),
      age: english("too old to be told one by one"),
      full: english("beyond this receiver's share of the outbox"),
      start: english("before this engine started"),
    },
    times: (occurrences) => `×${occurrences}`,
    unsure: "may have been told before",
    more: (groups, occurrences) => `and ${groups} more groups with ${occurrences} occurrences`,
    noticeTitle: "kubewhen itself",
    notice: (cause) => `kubewhen has something to say about itself: ${cause}.`,
    notices: {
      "labels-unknown":
        "Rules ask for labels or annotations that kubewhen may not read, so conditions about them do not hold. Give its service account the right to get these objects.",
    },
    testTitle: "test",
    test: (receiver) => `A test of kubewhen for receiver ${receiver}. Nothing is wrong.`,
  },
  zh: {
    type: "类型",
    kind: "对象类型",
    object: "对象",
    namespace: "命名空间",
    node: "节点",
    reason: "原因",
    time: "时间",
    count: "次数",
    message: "信息",
    rule: "规则",
    lasted: "持续",
    lastSeen: "上次出现",
    held: (count, since) => `自 ${since} 起另有 ${count} 次`,
    resolvedTitle: (what) => `${what} 已恢复`,
    absentTitle: (rule) => `${rule}：没有出现`,
    absent: (forText) => `该规则等待的事件已有 ${forText} 没有出现。`,
    digests: {
      rule: chinese("汇总"),
      flood: {
        title: (groups) => `另有 ${groups} 组`,
        lead: ({ groups, occurrences, from, to }) =>
          `${from} 至 ${to} 间出现 ${groups} 个新分组，共 ${occurrences} 次，数量过多，无法逐一跟踪。最先出现的是：`,
      },
      offline: chinese("接收者无法连接期间"),
      quiet: chinese("静默时段内"),
      budget: chinese("为节省流量而汇总"),
      age: chinese("过旧而不再逐条发送"),
      full: chinese("超出该接收者的存储份额"),
      start: chinese("启动之前"),
    },
    times: (occurrences) => `×${occurrences}`,
    unsure: "可能已发送过",
    more: (groups, occurrences) => `以及另外 ${groups} 组，共 ${occurrences} 次`,
    noticeTitle: "kubewhen 自身",
    notice: (cause) => `kubewhen 自身的通知：${cause}。`,
    notices: {
      "labels-unknown":
        "有规则需要读取标签或注解，但 kubewhen 没有读取权限，因此相关条件不成立。请为其服务账号授予 get 这些对象的权限。",
    },
    testTitle: "测试",
    test: (receiver) => `kubewhen 对接收者 ${receiver} 的测试消息，一切正常。`,
  },
};
