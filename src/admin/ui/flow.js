// Priority bands and the flows that wait in them.
import { h, cell, head, stat, span, bytes, get } from "./dom.js";

const most_flows = 10;

// How full a band is; a cap of 0 is none.
function filling(label, held, cap, show) {
  return cell(label, { class: "num" }, show(held), cap ? " of " + show(cap) : "",
    cap ? h("meter", { min: 0, max: 1, low: 0.7, high: 0.9, optimum: 0, value: held / cap, "aria-label": label + " of the band" }) : null);
}

function band(b, flows) {
  const oldest = flows.reduce((a, f) => Math.max(a, f.oldestSeconds), 0);
  return h("tr", {},
    cell("Priority", { class: "num" }, String(b.priority)),
    filling("Requests", b.requests, b.maxRequests, String),
    filling("Bytes", b.bytes, b.maxBytes, bytes),
    cell("Flows", { class: "num" }, String(flows.length)),
    cell("Oldest waits", { class: "num" }, flows.length ? span(oldest) : "–"),
    cell("Fairness", {}, b.fairness),
    cell("Ordering", {}, b.ordering));
}

function waiting(flows) {
  if (flows.length === 0) return h("p", { class: "empty" }, "No request waits.");
  const order = [...flows].sort((a, b) => b.requests - a.requests);
  const rows = order.slice(0, most_flows).map((f) => h("tr", {},
    cell("Flow", { class: "mono" }, f.fairnessId), cell("Priority", { class: "num" }, String(f.priority)), cell("Requests", { class: "num" }, String(f.requests)),
    cell("Bytes", { class: "num" }, bytes(f.bytes)), cell("Oldest waits", { class: "num" }, span(f.oldestSeconds))));
  const others = order.length - rows.length;
  return h("div", { class: "scroll" }, h("table", { class: "grid" }, head("Flow", "#Priority", "#Requests", "#Bytes", "#Oldest waits"), h("tbody", {}, rows)),
    others > 0 ? h("p", { class: "empty" }, "and " + others + " more") : null);
}

function pool(name, bands, flows) {
  const queued = bands.reduce((a, b) => a + b.requests, 0);
  return h("section", { class: "card", "aria-label": "flow control of " + name },
    h("header", {}, h("h2", {}, name), stat(queued, "waiting"), stat(bands.length, bands.length === 1 ? "band" : "bands")),
    h("div", { class: "scroll" }, h("table", { class: "grid" }, head("#Priority", "#Requests", "#Bytes", "#Flows", "#Oldest waits", "Fairness", "Ordering"),
      h("tbody", {}, [...bands].sort((a, b) => b.priority - a.priority).map((b) => band(b, flows.filter((f) => f.priority === b.priority)))))),
    waiting(flows));
}

export function flow(at) {
  const body = h("div", {});
  at.append(h("h1", {}, "Flow control"), body);
  return {
    period: 1000,
    async refresh() {
      const q = await get("/v1/queues");
      const names = [...new Set(q.bands.map((b) => b.pool))];
      body.replaceChildren(...(q.flowControl ? names.map((n) => pool(n, q.bands.filter((b) => b.pool === n), q.queues.filter((f) => f.pool === n)))
        : [h("section", { class: "card" }, h("p", { class: "empty" }, "Flow control is off: requests are admitted or shed at once. The feature gate flowControl in a pool's EndpointPickerConfig turns it on."))]));
    },
  };
}
