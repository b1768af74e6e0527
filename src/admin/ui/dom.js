// Elements as values: text is always text, so nothing an endpoint or a client says becomes markup.
export function h(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.flat(9).filter((c) => c !== undefined && c !== null && c !== false));
  return e;
}

export const cell = (label, attributes, ...children) => h("td", { "data-label": label, ...attributes }, ...children);
export const head = (...names) =>
  h("thead", {}, h("tr", {}, names.map((n) => h("th", { scope: "col", class: n.startsWith("#") ? "num" : null }, n.replace("#", "")))));
export const stat = (value, name, kind) => h("span", { class: "stat" }, h("b", { class: kind }, value), " ", name);

export const number = (v, digits = 2) => (v === null || v === undefined ? "–" : String(Number(Number(v).toFixed(digits))));
export const percent = (v) => (v === null || v === undefined ? "–" : Math.round(v * 100) + " %");
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 120) return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  return seconds < 7200 ? Math.round(seconds / 60) + " min" : Math.round(seconds / 3600) + " h";
}
export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let i = 0;
  for (; n >= 1024 && i < 3; ++i) n /= 1024;
  return number(n, 1) + " " + units[i];
}
export async function get(path) {
  const answer = await fetch(path);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error?.message ?? answer.statusText);
  return body;
}
