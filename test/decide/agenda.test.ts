import { describe, expect, it } from "vitest";
import { createAgenda } from "../../src/decide/agenda.ts";

function after(due: number): { readonly kind: "after"; readonly due: number } {
  return { kind: "after", due };
}

describe("an agenda", () => {
  it("gives out what is due, earliest first, each once", () => {
    const agenda = createAgenda<string>(String);
    agenda.put("late", after(30), "late");
    agenda.put("soon", after(10), "soon");
    agenda.put("then", after(20), "then");
    expect(agenda.takeDue(9)).toEqual([]);
    expect(agenda.takeDue(20)).toEqual(["soon", "then"]);
    expect(agenda.takeDue(20)).toEqual([]);
    expect([agenda.get("late"), agenda.get("soon"), agenda.size()]).toEqual(["late", null, 1]);
    expect(agenda.takeDue(29)).toEqual([]);
    expect(agenda.takeDue(30)).toEqual(["late"]);
  });

  it("gives out what was put in after it was looked at", () => {
    const agenda = createAgenda<string>(String);
    agenda.put("a", after(50), "a");
    agenda.takeDue(10);
    agenda.put("b", after(20), "b");
    expect(agenda.takeDue(20)).toEqual(["b"]);
  });

  it("gives out the next one before its time when asked to", () => {
    const agenda = createAgenda<string>(String);
    expect(agenda.takeNext()).toBeNull();
    agenda.put("b", after(20), "b");
    agenda.put("a", after(10), "a");
    expect(agenda.takeNext()).toBe("a");
    expect(agenda.takeDue(Infinity)).toEqual(["b"]);
  });

  it("saves what changed, once, as it is when asked", () => {
    const agenda = createAgenda<string[]>((words) => JSON.stringify(words));
    const words = ["one"];
    agenda.put("k", after(10), words);
    words.push("two");
    expect(agenda.changed()).toEqual([{ key: "k", kind: "after", due: 10, body: '["one","two"]' }]);
    expect(agenda.changed()).toEqual([]);
    agenda.touch("k");
    agenda.touch("unknown");
    expect(agenda.changed()).toHaveLength(1);
    agenda.put("k", after(20), ["other"]);
    expect(agenda.changed()).toEqual([{ key: "k", kind: "after", due: 20, body: '["other"]' }]);
  });

  it("names what was saved and is no more, once, and nothing else", () => {
    const agenda = createAgenda<string>(String);
    agenda.put("saved", after(10), "x");
    agenda.changed();
    agenda.put("never saved", after(10), "y");
    agenda.takeDue(10);
    expect(agenda.changed()).toEqual([]);
    expect(agenda.removed()).toEqual(["saved"]);
    expect(agenda.removed()).toEqual([]);
  });

  it("does not name what came back before the next save, but does if it has gone again", () => {
    const agenda = createAgenda<string>(String);
    agenda.put("k", after(10), "x");
    agenda.changed();
    agenda.takeDue(10);
    agenda.put("k", after(20), "y");
    expect(agenda.removed()).toEqual([]);
    agenda.takeDue(20);
    expect(agenda.removed()).toEqual(["k"]);
  });

  it("takes back what was saved, due when it was, and names what cannot be read as gone", () => {
    const agenda = createAgenda<string>(String);
    agenda.restore("k", { when: after(10), thing: "x" });
    agenda.restore("broken", null);
    expect(agenda.changed()).toEqual([]);
    expect(agenda.removed()).toEqual(["broken"]);
    expect(agenda.takeDue(9)).toEqual([]);
    expect(agenda.takeDue(10)).toEqual(["x"]);
    expect(agenda.removed()).toEqual(["k"]);
  });
});
