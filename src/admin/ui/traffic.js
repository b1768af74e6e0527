// What came through the gateway in the last seconds: rates, and percentiles of the time to the first token.
import { h, stat, number, span, get } from "./dom.js";

const window_ms = 10000;
const seen = [];  // what /v1/traffic said, oldest first; outlives a change of page

const is_shed = (a) => a.code === "429" && a.reason !== "";
const is_error = (a) => Number(a.code) >= 500;
const count = (t, wanted) => t.answers.filter(wanted).reduce((sum, a) => sum + a.count, 0);

// As Prometheus' histogram_quantile: linear within the bucket.
export function quantile(q, bounds, counts) {
  const all = counts.reduce((a, b) => a + b, 0);
  if (!all) return null;
  let below = 0;
  for (let i = 0; i < bounds.length; ++i) {
    if (below + counts[i] >= q * all) {
      const low = i ? bounds[i - 1] : 0;
      return low + (bounds[i] - low) * Math.max(0, q * all - below) / (counts[i] || 1);
    }
    below += counts[i];
  }
  return bounds.at(-1);
}

function ttft(before, now) {
  const { bounds, counts } = now.ttftSeconds.stream;
  const old = before.ttftSeconds.stream.counts;
  const fresh = counts.map((n, i) => n - (old[i] ?? 0));
  const samples = fresh.reduce((a, b) => a + b, 0);
  return [[0.5, "p50"], [0.95, "p95"], [0.99, "p99"]].map(([q, name]) => stat(samples ? span(quantile(q, bounds, fresh)) : "–", "TTFT " + name))
    .concat(stat(samples, samples === 1 ? "stream" : "streams"));
}

export function traffic() {
  const top = h("header", {});
  const section = h("section", { class: "card", "aria-label": "traffic" }, top);
  return {
    section,
    async refresh() {
      const now = await get("/v1/traffic");
      if (seen.length && seen.at(-1).requests > now.requests) seen.length = 0;  // the gateway was restarted
      seen.push(now);
      while (seen.length > 2 && seen[1].unixMs <= now.unixMs - window_ms) seen.shift();
      const before = seen[0];
      const seconds = (now.unixMs - before.unixMs) / 1000;
      const rate = (of) => (seconds > 0 ? (of(now) - of(before)) / seconds : null);
      const shed = rate((t) => count(t, is_shed));
      const failed = rate((t) => count(t, is_error));
      top.replaceChildren(h("h2", {}, "Last 10 s"), stat(number(rate((t) => t.requests), 1), "requests/s"),
        stat(number(rate((t) => t.outputTokens), 0), "tokens/s out"), stat(number(rate((t) => t.inputTokens), 0), "tokens/s in"),
        stat(number(shed, 1), "shed/s", shed > 0 ? "warning" : null), stat(number(failed, 1), "errors/s", failed > 0 ? "error" : null), ...ttft(before, now));
    },
  };
}
