// The gateway itself.
import { h, head, stat, number, span, bytes, get } from "./dom.js";

export function health(at) {
  let before = null;
  return {
    period: 2000,
    async refresh() {
      const [p, known, build] = await Promise.all([get("/v1/process"), get("/v1/endpoints"), get("/v1/build")]);
      const now = performance.now();
      const cpu = before ? (p.cpuSeconds - before.cpu) / ((now - before.at) / 1000) : null;
      before = { cpu: p.cpuSeconds, at: now };
      const s = known.scraping;
      at.replaceChildren(h("h1", {}, "Health"),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Process"), p.draining ? stat("draining", "", "warning") : null, stat(cpu === null ? "–" : number(cpu * 100, 1) + " %", "of one core"), stat(bytes(p.residentBytes), "resident"), stat(p.openDescriptors, "descriptors"), stat(span(p.uptimeSeconds), "up")),
          h("div", { class: "scroll" }, h("table", {}, head("Check", "Result", "Detail"), h("tbody", {}, p.checks.map((c) => h("tr", {}, h("td", {}, c.name), h("td", {}, h("span", { class: "state " + (c.ok ? "ready" : "down") }, c.ok ? "ok" : "failed")), h("td", {}, c.detail))))))),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Scraping"), stat(s.endpoints, "endpoints"), stat(number(s.periodMs, 0) + " ms", "period" + (s.limited ? ", held back by --scrape-cpu" : ""), s.limited ? "warning" : null), stat(s.scrapes, "scrapes"), stat(bytes(s.bytes), "read")),
          Object.keys(s.errors).length ? h("table", {}, head("Error", "#Count"), h("tbody", {}, Object.entries(s.errors).map(([k, v]) => h("tr", {}, h("td", {}, k), h("td", { class: "num" }, String(v)))))) : h("p", { class: "empty" }, "No scrape failed.")),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Listeners")), h("table", {}, head("Address", "Gateways"), h("tbody", {}, p.addresses.map((a) => h("tr", {}, h("td", { class: "mono" }, a.address), h("td", {}, a.gateways)))))),
        h("section", { class: "card" }, h("dl", { class: "kv" }, [["Version", build.version + (build.commit ? " (" + build.commit + ")" : "")], ["Compiler", build.compiler]].flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]))));
    },
  };
}
