// The last decisions; one of them as a matrix of endpoint and scorer.
import { h, cell, head, stat, number, percent, get } from "./dom.js";
import { matrix } from "./matrix.js";
import { what_if } from "./whatif.js";

const time = (d) => new Date(d.unixMs).toLocaleTimeString([], { hour12: false }) + "." + String(d.unixMs % 1000).padStart(3, "0");
const ms = (v) => (v === null ? "–" : number(v, 1) + " ms");

function row(d) {
  const open = () => { location.hash = "#/decisions/" + encodeURIComponent(d.requestId); };
  return h("tr", { class: "open", onclick: open },
    cell("Time", { class: "mono" }, h("button", { "aria-label": "explain " + d.requestId }, time(d))),
    cell("Model", { class: "wide" }, d.model, d.targetModel !== d.model ? h("span", { class: "sub" }, "→ " + d.targetModel) : null),
    cell("Priority", { class: "num" }, String(d.priority)),
    cell("Candidates", { class: "num" }, d.candidatesIn + " → " + d.candidatesOut),
    cell("Endpoint", { class: "wide" }, d.endpoint || "none", h("span", { class: "sub mono" }, d.address)),
    cell("Margin", { class: "num" }, number(d.margin, 3)),
    cell("Status", { class: "num" }, h("span", { class: d.status >= 400 ? "error" : null }, d.done ? String(d.status) : "open"), d.reason ? h("span", { class: "sub error" }, d.reason) : null),
    cell("First byte", { class: "num" }, ms(d.firstByteMs)),
    cell("Total", { class: "num" }, ms(d.totalMs)),
    cell("Decided in", { class: "num" }, number(d.decideMicroseconds, 1) + " µs"));
}

function recorded_table(d) {
  return h("section", { class: "card" }, h("header", {}, h("h2", {}, "As recorded"), h("span", { class: "stat" }, d.explanation.note ?? "what was decided then is not all recorded: below, what the same signals give today")),
    h("div", { class: "scroll" }, h("table", {}, head("Endpoint", "#Queue", "#Running", "#KV", "#In flight", "#Matched blocks", "#Total"), h("tbody", {},
      d.candidates.map((c) => h("tr", { class: c.filtered ? "gone" : c.endpoint === d.endpoint ? "pick" : null }, h("td", {}, c.endpoint === d.endpoint ? "▸ " + c.endpoint : c.endpoint),
        [number(c.waiting), number(c.running), percent(c.kvUsage), number(c.inFlight), number(c.matchedBlocks)].map((v) => h("td", { class: "num" }, v)),
        h("td", { class: "num" }, c.filtered ? "filtered" : number(c.total, 4))))))));
}

function one(at, id) {
  return {
    period: 60000,
    async refresh() {
      const d = await get("/v1/decisions/" + encodeURIComponent(id));
      const facts = [["Model", d.model + (d.targetModel !== d.model ? " → " + d.targetModel : "")], ["Endpoint", d.endpoint ? d.endpoint + " (" + d.address + ")" : "none"], ["Path", d.path],
        ["Priority", String(d.priority) + (d.objective ? " by " + d.objective : "")], ["Status", d.done ? d.status + (d.reason ? " " + d.reason : "") : "open"],
        ["Attempts", d.attempts.map((a) => a.endpoint + ": " + (a.status || "no answer")).join(", then ") || "none"], ["First byte, total", ms(d.firstByteMs) + ", " + ms(d.totalMs)], ["Prompt", d.inputTokens + " tokens (estimate)"], ["Time", d.time]];
      const again = (d.explanation.profiles ?? []).map((p) => matrix(p, d.candidates));
      const parts = !d.candidates.length ? [h("p", { class: "empty" }, "weir answered itself, before an endpoint was chosen.")] : d.explanation.exact ? again : [recorded_table(d), ...again];
      at.replaceChildren(h("div", { class: "tools" }, h("a", { href: "#/decisions" }, "← all decisions")), h("h1", {}, "Request ", h("span", { class: "mono" }, id)),
        h("section", { class: "card" }, h("dl", { class: "kv" }, facts.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]))), ...parts);
    },
  };
}

function list(at) {
  let all = [];
  let paused = false;
  const body = h("tbody", {});
  const filter = h("input", { type: "search", placeholder: "Filter: model, endpoint, id, status", "aria-label": "Filter decisions", size: 34, oninput: () => show() });
  const pause = h("button", { class: "plain", "aria-pressed": "false", onclick: () => { paused = !paused; pause.textContent = paused ? "Resume" : "Pause"; pause.setAttribute("aria-pressed", String(paused)); show(); } }, "Pause");
  const none = h("p", { class: "empty" }, "No decision yet. Send a request to the gateway and it appears here.");
  at.append(h("h1", {}, "Decisions"), what_if(), h("div", { class: "tools" }, filter, pause),
    h("section", { class: "card" }, h("div", { class: "scroll" }, h("table", { class: "grid" }, head("Time", "Model", "#Priority", "#Candidates", "Endpoint", "#Margin", "#Status", "#First byte", "#Total", "#Decided in"), body)), none));
  const fits = (d) => { const want = filter.value.toLowerCase(); return !want || [d.model, d.endpoint, d.requestId, d.status, d.reason, d.address].join(" ").toLowerCase().includes(want); };
  const show = () => { body.replaceChildren(...all.filter(fits).slice(0, 100).map(row)); none.hidden = all.length > 0; };
  let due = 0;
  const take = (event) => {
    const d = JSON.parse(event.data);
    const i = all.findIndex((x) => x.requestId === d.requestId && x.sequence === d.sequence);
    if (i >= 0) all[i] = d; else all.unshift(d);
    all.length = Math.min(all.length, 500);
    if (!paused && !due) due = setTimeout(() => { due = 0; if (!paused) show(); }, 200);
  };
  const stream = new EventSource("/v1/decisions/stream");
  stream.addEventListener("decision", take);
  stream.addEventListener("update", take);
  let first = true;
  return {
    period: 5000,
    async refresh() {
      if (paused || (!first && stream.readyState === 1)) return;
      first = false;
      all = (await get("/v1/decisions?limit=100")).decisions;
      show();
    },
    close() { stream.close(); clearTimeout(due); },
  };
}

export const decisions = (at, [id]) => (id ? one(at, id) : list(at));
