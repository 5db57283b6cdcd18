import { describe, expect, test } from "vitest";
import { loadRules } from "../../src/language/load.ts";

function codes(text: string): readonly string[] {
  return loadRules([{ file: "a.rules", text }], { receivers: null, templates: null }).diagnostics.map(
    ({ code }) => code,
  );
}

describe("stays silent about", () => {
  test.each([
    // Both types of BackOff are real: an image that is pulled again is Normal.
    "when type=Normal and kind=Pod and reason=BackOff notify a",
    "when type=Warning and kind=Pod and reason=NodeNotReady notify a",
    "when type=Warning and reason=NodeNotReady notify a",
    // Somebody else's controller may use any reason for its own kind.
    "when type=Normal and kind=Rollout and reason=Failed notify a",
    "when type!=Warning and kind=Node and reason=NodeNotReady notify a",
    "when type=Warning and kind=Node and not reason=NodeNotReady notify a",
    "when type=Warning and reason in (NodeNotReady, Rebooted) and kind=Node notify a",
    "drop when type=Normal and kind=Pod and reason=Failed",
    "when reason=FailedDetachVolume notify a",
    "when reason=OutOfSync and kind=Application notify a",
    "when message = 'what?' and label.app = '*' notify a",
    "when message =~ '^.*x' and message =~ '(a|.*)b' and message =~ 'x\\.*' notify a",
    "when (kind=Pod and type=Warning) or (kind=Node and type=Normal) notify a",
    "when reason =~ '^Fail(ed|ure)' and kind =~ '[a-z]Set$' and name =~ 'web-[0-9]' and type =~ '' notify a",
    "when count=7 and count<9 notify a",
    "when type=Warning and ((reason=NodeReady and kind=Node) or (reason=NodeNotReady and kind=Pod)) notify a",
    "drop when count>100",
    "when kind=Pod rate<1/1h by none notify a",
    "when kind=Pod rate<1/1h by label.app notify a",
    "when kind=Pod rate>=2/1h rate<1/1h by workload, fieldPath notify a",
  ])("%s", (text) => {
    expect(codes(text)).toEqual([]);
  });
});

describe("finds", () => {
  test.each([
    ["when type=Warning and kind=Node and reason=NodeNotReady notify a", ["W322"]],
    ["let bad = type=Warning\nwhen bad and reason=NodeHasDiskPressure notify a", ["W322"]],
    ["when type=Warning and reason in (NodeReady, RegisteredNode) notify a", ["W322"]],
    ["when (type=Warning and kind=Node) and (reason=NodeReady or reason=RegisteredNode) notify a", ["W322"]],
    ["when reason in (BackOff, backoff) and kind=pod notify a", ["W321", "W321"]],
    ["let label = kind=Pod\nlet ns = kind=Pod", ["E204", "E204"]],
    ["when not (kind=Pod and type=x or name=y) notify a", ["W121"]],
    ["when name in (a, 'b*') or host!='?' notify a", ["W221", "W221"]],
    ["when reason !~ BackOff notify a", ["W421"]],
    ["when message =~ 'a.b.*' notify a", ["W422"]],
    ["when kind=Pod rate>5/1m by uid notify a", ["W415", "W412"]],
    ["when reason =~ 'Fail(ed|ure)' and namespace !~ 'team-[ab]' notify a", ["W424", "W424"]],
  ])("%s", (text, found) => {
    expect(codes(text)).toEqual(found);
  });
});
