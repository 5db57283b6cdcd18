/** Languages of the default card. */
export type Language = "en" | "zh";

/** The words of the default card; everything else on it comes from the Event or the configuration. */
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
  readonly held: (count: number, since: string) => string;
  readonly floodTitle: (groups: number) => string;
  readonly flood: (groups: number, occurrences: number, from: string, to: string) => string;
  readonly testTitle: string;
  readonly test: (receiver: string) => string;
}

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
    held: (count, since) => `+${count} since ${since}`,
    floodTitle: (groups) => `${groups} more groups`,
    flood: (groups, occurrences, from, to) =>
      `${groups} new groups with ${occurrences} occurrences between ${from} and ${to}, more than there is room to follow one by one. The first of them:`,
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
    held: (count, since) => `自 ${since} 起另有 ${count} 次`,
    floodTitle: (groups) => `另有 ${groups} 组`,
    flood: (groups, occurrences, from, to) =>
      `${from} 至 ${to} 间出现 ${groups} 个新分组，共 ${occurrences} 次，数量过多，无法逐一跟踪。最先出现的是：`,
    testTitle: "测试",
    test: (receiver) => `kubewhen 对接收者 ${receiver} 的测试消息，一切正常。`,
  },
};
