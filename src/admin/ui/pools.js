// Pools and their endpoints: what each says, what the gateway knows of it, and its share of the picks.
import { h, cell, head, stat, number, percent, span, get } from "./dom.js";
import { chart } from "./chart.js";
import { traffic } from "./traffic.js";

const share_window = 10000;  // milliseconds
const picks = new Map();     // endpoint key → [[time, picks]]; outlives a change of page
const history = new Map();   // pool → [[time, queued, running, KV %]]

function picks_of(key, now, count) {
  const list = picks.get(key) ?? [];
  if (list.length && list.at(-1)[1] > count) list.length = 0;  // the gateway was restarted
  list.push([now, count]);
  while (list.length > 2 && list[1][0] <= now - share_window) list.shift();
  picks.set(key, list);
  return { count: count - list[0][1], seconds: (now - list[0][0]) / 1000 };
}

function row(e, share, fair) {
  const s = e.signals;
  const old = s.stale ? "num old" : "num";
  const missing = (e.scrape?.missing ?? []).map((m) => m.family + (m.nearest ? " (page has " + m.nearest + ")" : "")).join(", ");
  return h("tr", {},
    cell("Endpoint", { class: "wide" }, e.name, e.name === e.address ? null : h("span", { class: "sub mono" }, e.address)),
    cell("State", {}, h("span", { class: "state " + e.state }, e.state.replace("_", " ")),
      h("span", { class: "sub" }, "for " + span(e.sinceSeconds) + (e.reason ? ": " + e.reason : ""))),
    cell("Queue", { class: old }, number(s.waiting, 1)),
    cell("Running", { class: old }, number(s.running, 1)),
    cell("KV cache", { class: old }, percent(s.kvUsage),
      h("meter", { min: 0, max: 1, low: 0.7, high: 0.9, optimum: 0, value: s.kvUsage ?? 0, "aria-label": "KV cache of " + e.name })),
    cell("In flight", { class: "num" }, String(e.inFlight)),
    cell("Scraped", { class: "num" }, h("span", { class: s.stale ? "stale" : null }, span(s.ageSeconds), s.stale && s.ageSeconds !== null ? ", stale" : ""),
      e.scrape?.error ? h("span", { class: "sub error" }, e.scrape.error) : null),
    cell("Picks, 10 s", { class: "num" }, percent(share),
      h("meter", { min: 0, max: 1, value: share ?? 0, "aria-label": "share of picks of " + e.name, title: "fair share " + percent(fair) })),
    cell("Failures", { class: "num" }, String(e.failures)),
    cell("Engine", { class: missing ? "wide" : null }, e.scrape?.engine || "unknown", missing ? h("span", { class: "sub warning" }, "lacks " + missing) : null));
}

function card(id) {
  const top = h("header", {});
  const body = h("tbody", {});
  const charts = h("div", { class: "charts" });
  const none = h("p", { class: "empty" }, "No endpoint: every request gets 503 no healthy upstream.");
  const table = h("div", { class: "scroll" }, h("table", { class: "grid" },
    head("Endpoint", "State", "#Queue", "#Running", "#KV cache", "#In flight", "#Scraped", "#Picks, 10 s", "#Failures", "Engine"), body));
  const section = h("section", { class: "card", "aria-label": "pool " + id }, top, charts, table, none);
  const plots = [["Queued and running requests", ["queued", "running"]], ["KV cache, mean %", ["KV"], [0, 100]]].map(([title, names, range]) => chart(charts, title, names, range));
  return { section, top, body, table, none, plots };
}

function fill(c, p, members, now) {
  const recent = members.map((e) => picks_of(p.id + " " + e.id + " " + e.address, now, e.picks));
  const counts = recent.map((r) => r.count);
  const total = counts.reduce((a, b) => a + b, 0);
  const seconds = Math.max(0, ...recent.map((r) => r.seconds));
  const sat = p.saturation;
  const old = members.some((e) => !e.signals.stale) ? null : "old";  // nobody's numbers are of now
  c.top.replaceChildren(...[h("h2", {}, p.id), stat(p.ready + "/" + p.total, "ready", p.ready === 0 ? "error" : null),
    sat && stat(number(sat.value), sat.saturated ? "saturation, full" : "saturation", sat.saturated ? "error" : null),
    sat && sat.stale > 0 && stat(sat.stale, "stale", "error"),
    stat(p.inFlight, "in flight"), stat(number(p.waiting, 0), "queued", old), stat(number(p.running, 0), "running", old),
    stat(number(seconds ? total / seconds : null, 1), "picks/s")].filter(Boolean));
  const fair = p.ready ? 1 / p.ready : null;
  c.table.hidden = !(c.none.hidden = members.length > 0);
  c.body.replaceChildren(...members.map((e, i) => row(e, total ? counts[i] / total : null, fair)));
  const list = history.get(p.id) ?? [];
  list.push([new Date(now), p.waiting, p.running, p.kvUsage * 100]);
  if (list.length > 300) list.shift();
  history.set(p.id, list);
  c.plots[0]?.(list.map((r) => [r[0], r[1], r[2]]));
  c.plots[1]?.(list.map((r) => [r[0], r[3]]));
}

export function pools(at) {
  const cards = new Map();
  const rates = traffic();
  at.append(h("h1", {}, "Pools and endpoints"), rates.section);
  const none = h("p", { class: "empty" }, "No pool is configured: give manifests with an InferencePool, or --endpoint URL.");
  return {
    period: 1000,
    async refresh() {
      const [all, known] = await Promise.all([get("/v1/pools"), get("/v1/endpoints"), rates.refresh()]);
      const now = Date.now();
      for (const [id, c] of cards) if (!all.pools.some((p) => p.id === id)) { c.section.remove(); cards.delete(id); }
      for (const p of all.pools) {
        if (!cards.has(p.id)) { const c = card(p.id); cards.set(p.id, c); at.append(c.section); }
        fill(cards.get(p.id), p, known.endpoints.filter((e) => e.pool === p.id), now);
      }
      if (all.pools.length === 0) at.append(none); else none.remove();
    },
  };
}
