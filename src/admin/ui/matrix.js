// One profile of a decision: endpoints against scorers, what filters dropped greyed.
import { h, head, stat, number } from "./dom.js";

const short = (plugin) => plugin.split("/")[0];

/// What a score was made of, for the pointer that rests on it.
function inputs(score) {
  return Object.entries(score?.inputs ?? {}).map(([name, value]) => name + " " + number(value, 4)).join(", ") || null;
}

export function matrix(p, recorded) {
  const signals = new Map(recorded.map((c) => [c.endpoint, c]));
  const total = new Map(p.totals.map((t) => [t.endpoint, t.total]));
  const dropped = new Map(p.filters.flatMap((f) => f.dropped.map((e) => [e, short(f.plugin)])));
  const order = [...p.candidates].sort((a, b) => (total.get(b) ?? -1) - (total.get(a) ?? -1));
  const rows = order.map((e) => {
    const s = signals.get(e);
    const seen = s ? "queue " + number(s.waiting) + ", running " + number(s.running) + ", KV " + number(s.kvUsage * 100, 0) + " %, in flight " + number(s.inFlight) : "";
    const name = h("td", {}, p.picks.includes(e) ? "▸ " + e : e, h("span", { class: "sub" }, seen));
    if (dropped.has(e)) return h("tr", { class: "gone" }, name, h("td", { colspan: p.scorers.length + 1 }, "dropped by " + dropped.get(e)));
    return h("tr", { class: p.picks.includes(e) ? "pick" : null }, name,
      p.scorers.map((s) => { const v = s.scores.find((x) => x.endpoint === e); return h("td", { class: "num", title: inputs(v) }, number(v?.weighted, 4), h("span", { class: "sub" }, number(v?.raw, 4) + " × " + number(s.weight))); }),
      h("td", { class: "num" }, number(total.get(e), 4)));
  });
  return h("section", { class: "card" }, h("header", {}, h("h2", {}, "Profile " + p.name), stat(p.candidates.length + " → " + p.survivors.length, "candidates"), p.picker && stat(short(p.picker), "picker")),
    h("div", { class: "scroll" }, h("table", {}, head("Endpoint", ...p.scorers.map((s) => "#" + short(s.plugin)), "#Total"), h("tbody", {}, rows))));
}
