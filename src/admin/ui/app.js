// Chooses the page by the address behind #, and keeps it fresh.
import { h, get } from "./dom.js";
import { pools } from "./pools.js";
import { flow } from "./flow.js";
import { decisions } from "./decisions.js";
import { config } from "./config.js";
import { health } from "./health.js";

const pages = { pools, flow, decisions, config, health };
const main = document.getElementById("main");
const link = document.getElementById("link");
const alarm = document.getElementById("alarm");
const alarm_period = 3000;
let alarm_at = 0;
let page = null;
let timer = 0;
let turn = 0;

function say(problem) {
  link.textContent = problem ?? "live";
  link.classList.toggle("lost", Boolean(problem));
}

// What is wrong with the gateway itself is said above every page.
async function watch() {
  if (performance.now() < alarm_at) return;
  alarm_at = performance.now() + alarm_period;
  const failed = (await get("/v1/process")).checks.filter((c) => !c.ok);
  const text = failed.map((c) => c.name.replace("-", " ") + ": " + (c.detail || "failed")).join(" · ");
  if (alarm.dataset.text === text) return;
  alarm.dataset.text = text;
  alarm.replaceChildren(...(text ? [text + " ", h("a", { href: failed.some((c) => c.name === "last-reload") ? "#/config" : "#/health" }, "show")] : []));
}

async function refresh() {
  const mine = turn;
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      await Promise.all([page.refresh(), watch()]);
      if (mine === turn) say(null);
    } catch (e) {
      if (mine === turn) say("no answer: " + e.message);
    }
  }
  if (mine === turn) timer = setTimeout(refresh, page.period);
}

function open() {
  const [name, ...rest] = location.hash.replace(/^#\//, "").split("/");
  const make = pages[name] ?? pools;
  page?.close?.();
  ++turn;
  main.replaceChildren();
  for (const a of document.querySelectorAll("nav a")) {
    if (a.getAttribute("href") === "#/" + (pages[name] ? name : "pools")) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  const at = h("div", {});
  main.append(at);
  page = make(at, rest.map(decodeURIComponent));
  document.title = "weir: " + (pages[name] ? name : "pools");
  refresh();
}

window.addEventListener("hashchange", () => { open(); main.focus(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
open();
