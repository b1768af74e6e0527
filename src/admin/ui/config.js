// The configuration in force, the last reload and what it found.
import { h, cell, head, stat, get } from "./dom.js";

const severities = ["error", "warning", "note"];
const place = (x) => (x.file ? x.file + ":" + x.line : "");

function findings(list) {
  if (!list.length) return h("p", { class: "empty" }, "No findings.");
  return h("div", { class: "scroll" }, h("table", { class: "grid" }, head("Severity", "Code", "Message", "Place"), h("tbody", {},
    [...list].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)).map((f) => h("tr", {},
      cell("Severity", {}, h("span", { class: f.severity }, f.severity)), cell("Code", { class: "mono" }, f.code),
      cell("Message", { class: "wide" }, f.message, h("span", { class: "sub" }, [f.help, f.suggestion && "did you mean " + f.suggestion + "?"].filter(Boolean).join("; "))),
      cell("Place", { class: "mono wide" }, f.file ? f.file + ":" + f.line + ":" + f.column : ""))))));
}

export function config(at) {
  let seen = "";
  return {
    period: 3000,
    async refresh() {
      const c = await get("/v1/config");
      const text = JSON.stringify(c);
      if (text === seen) return;
      seen = text;
      const r = c.lastReload;
      const resources = c.effective?.resources ?? [];
      at.replaceChildren(h("h1", {}, "Configuration"),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Last load"), h("span", { class: "state " + (r.ok ? "ready" : "down") }, r.ok ? "in force" : "refused"), stat(c.version, "version in force"), h("span", { class: "stat" }, new Date(r.unixMs).toLocaleString()), r.message ? h("span", { class: "stat" }, r.message) : null), findings(r.findings)),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Resources"), stat(resources.length, "read")), resources.length === 0 ? h("p", { class: "empty" }, "None: the pool and its route come from the command line.")
          : h("div", { class: "scroll" }, h("table", { class: "grid" }, head("Kind", "Name", "Place"), h("tbody", {},
          resources.map((x) => h("tr", {}, cell("Kind", {}, x.kind), cell("Name", {}, x.name ? (x.namespace ? x.namespace + "/" : "") + x.name : "without a name"), cell("Place", { class: "mono wide" }, place(x)))))))),
        ...c.pickers.map((p) => h("section", { class: "card" }, h("header", {}, h("h2", {}, "Picker of " + p.pool), h("span", { class: "stat" }, p.picker.origin || "built in")),
          h("div", { class: "scroll" }, h("table", {}, head("Profile", "Plugin", "Role", "#Weight"), h("tbody", {}, (p.picker.schedulingProfiles ?? []).flatMap((s) => s.plugins.map((x) =>
            h("tr", {}, h("td", {}, s.name), h("td", { class: "mono" }, x.pluginRef), h("td", {}, x.role), h("td", { class: "num" }, x.weight === undefined ? "" : String(x.weight)))))))))),
        h("section", { class: "card" }, h("header", {}, h("h2", {}, "Effective"), h("span", { class: "stat mono" }, c.commandLine)), h("pre", { tabindex: 0 }, JSON.stringify(c.effective ?? {}, null, 2))));
    },
  };
}
