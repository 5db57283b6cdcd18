import { expect, test } from "vitest";
import { groupLabel } from "../../src/model/group-label.ts";

test.each([
  [
    [
      ["kind", "Pod"],
      ["namespace", "shop"],
      ["name", "web-1"],
      ["reason", "BackOff"],
    ],
    "Pod shop/web-1 BackOff",
  ],
  [
    [
      ["kind", "Node"],
      ["namespace", ""],
      ["name", "pi-1"],
      ["reason", "NodeNotReady"],
    ],
    "Node pi-1 NodeNotReady",
  ],
  [[["namespace", "shop"]], "shop"],
  [
    [
      ["namespace", "shop"],
      ["name", ""],
      ["reason", "x"],
    ],
    "shop x",
  ],
  [
    [
      ["namespace", "shop"],
      ["reason", "x"],
      ["name", "y"],
    ],
    "shop x y",
  ],
  [[], ""],
] as const)("%j reads %j", (group, label) => {
  expect(groupLabel(group)).toBe(label);
});
