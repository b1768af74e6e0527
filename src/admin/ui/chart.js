// Time series with dygraphs, where the package was there at build time; without it there are none.
import { h } from "./dom.js";

let loading = null;
function library() {
  loading ??= new Promise((done) => {
    const script = h("script", { src: "dygraph.min.js", onload: () => done(window.Dygraph), onerror: () => done(null) });
    document.head.append(h("link", { rel: "stylesheet", href: "dygraph.min.css" }), script);
  });
  return loading;
}

// Gives a function that takes the rows [[date, value…]]. Without a range the axis follows the values.
export function chart(into, title, names, range = null) {
  const plot = h("div", { class: "plot", role: "img", "aria-label": title });
  const keys = names.length > 1 ? names.map((n, i) => h("span", { class: "key key-" + i }, n)) : null;
  const box = h("div", { class: "chart" }, h("h3", {}, title, keys), plot);
  into.append(box);
  let graph = null;
  let rows = [];
  library().then((Dygraph) => {
    if (!Dygraph) return box.remove();
    // Its legend writes inline styles, which our Content-Security-Policy forbids; the keys above stand in for it.
    Dygraph.PLUGINS = Dygraph.PLUGINS.filter((p) => p !== Dygraph.Plugins.Legend);
    const style = getComputedStyle(document.documentElement);
    const draw = () => {
      if (!plot.isConnected || rows.length < 2) return;
      graph = new Dygraph(plot, rows, {
        labels: ["time", ...names], includeZero: true, valueRange: range, strokeWidth: 1.8, rightGap: 8, drawGrid: true,
        colors: [style.getPropertyValue("--fill").trim(), style.getPropertyValue("--warn-fill").trim()],
        gridLineColor: style.getPropertyValue("--line").trim(), axisLineColor: style.getPropertyValue("--line").trim(),
        axes: { y: { axisLabelWidth: 34 } }, highlightCircleSize: 3, fillGraph: names.length === 1,
      });
    };
    box.draw = draw;
  });
  return (list) => {
    rows = list;
    if (graph) graph.updateOptions({ file: rows });
    else box.draw?.();
  };
}
