/** What the demo runs when it is given no rules: short enough to read before the cards come. */
export const DEMO_RULES = `# The day's rules. They are read from top to bottom; \`stop\` ends an Event's way.
let echo = reason=Failed and message in ("Error: ErrImagePull", "Error: ImagePullBackOff")

drop when reason in (InvalidDiskCapacity, DNSConfigForming) or echo

# Kubernetes calls a lost node Normal: a rule that begins with type=Warning never sees it.
node: when kind=Node and reason in (NodeNotReady, NodeReady, Rebooted) rate<2/30m severity critical stop notify feishu
disk: when reason in (FreeDiskSpaceFailed, Evicted) by host rate<1/1h severity critical stop notify feishu
crash-loop: when reason=BackOff and type=Warning by namespace, workload rate>=5/10m rate<1/2h severity critical stop notify feishu

# And the sentence on the front page, for everything else.
when type=Warning and kind=Pod rate<5/10m by namespace, workload, reason rate>=3/30m notify feishu
`;
