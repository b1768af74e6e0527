// What would be picked for a request, without sending it: the same code path as `weir explain`.
import { h, stat, number } from "./dom.js";
import { matrix } from "./matrix.js";

const example = '{"model": "MODEL", "messages": [{"role": "user", "content": "Hello"}]}';

function outcome(d) {
  const refused = d.status !== 200;
  const top = h("header", {}, h("h2", {}, refused ? "Refused: " + d.status : d.endpoint), stat(d.pool, "pool"), d.route && stat(d.route, "route"),
    d.model && stat(d.model === d.targetModel ? d.model : d.model + " → " + d.targetModel, "model"), stat(d.priority, "priority"), stat(d.inputTokens, "input tokens"),
    d.admission && stat(number(d.admission.saturation), d.admission.saturated ? "saturation, full" : "saturation", d.admission.saturated ? "error" : null));
  return [h("section", { class: "card" }, top, refused ? h("p", { class: "empty error" }, d.message + " (" + d.reason + ")") : null), ...(d.profiles ?? []).map((p) => matrix(p, []))];
}

export function what_if() {
  const body = h("textarea", { rows: 4, "aria-label": "Request body", spellcheck: "false" });
  body.value = example;
  const path = h("input", { "aria-label": "Path", value: "/v1/chat/completions", size: 24 });
  const header = h("input", { "aria-label": "Header", placeholder: "Header: value", size: 34 });
  const result = h("div", { "aria-live": "polite" });
  const problem = (text) => result.replaceChildren(h("p", { class: "empty error" }, text));
  async function ask(event) {
    event.preventDefault();
    const [name, ...value] = header.value.split(":");
    const headers = value.length ? { [name.trim()]: value.join(":").trim() } : {};
    try {
      const answer = await fetch("/v1/explain", { method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ path: path.value, headers, body: body.value }) });
      const d = await answer.json();
      if (answer.ok) result.replaceChildren(...outcome(d));
      else problem(d.error.message);
    } catch (e) { problem(String(e.message)); }
  }
  return h("details", { class: "card" }, h("summary", {}, "What if: ask for a decision without sending the request"),
    h("form", { class: "pad", onsubmit: ask }, body, h("div", { class: "tools" }, path, header, h("button", { class: "plain", type: "submit" }, "Explain"))), result);
}
