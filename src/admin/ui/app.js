// Chooses the page by the address behind #, and keeps it fresh.
import { h } from "./dom.js";
import { pools } from "./pools.js";
import { decisions } from "./decisions.js";
import { config } from "./config.js";
import { health } from "./health.js";

const pages = { pools, decisions, config, health };
const main = document.getElementById("main");
const link = document.getElementById("link");
let page = null;
let timer = 0;
let turn = 0;

function say(problem) {
  link.textContent = problem ?? "live";
  link.classList.toggle("lost", Boolean(problem));
}

async function refresh() {
  const mine = turn;
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      await page.refresh();
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
