// Who am I, am I well: /, /livez, /readyz, /metrics, /v1/build, /v1/process, /v1/traffic.
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "admin/assets.hpp"
#include "admin/gzip.hpp"
#include "admin/page.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace weir::admin {
namespace {

#ifdef __clang__
constexpr std::string_view compiler = __VERSION__;  // names itself
#else
constexpr std::string_view compiler = "g++ " __VERSION__;
#endif

std::string escaped(std::string_view s) {
    std::string out;
    for (const char c : s) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string links_as_html() {
    std::string out =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>weir admin</title>"
        "<h1>weir</h1><table>";
    for (const auto& p : pages()) {
        if (p.meaning.empty()) continue;
        const std::string path(p.path);
        out += "<tr><td>";
        out += p.writes ? "POST " + path : "<a href=\"" + path + "\">" + path + "</a>";
        if (p.below) out += "ID";
        out += "</td><td>" + escaped(p.meaning) + "</td></tr>";
    }
    return out + "</table></html>\n";
}

std::string links_as_text() {
    std::string out = "weir admin\n\n";
    for (const auto& p : pages()) {
        if (p.meaning.empty()) continue;
        std::string line = std::string(p.writes ? "POST " : "GET  ") + std::string(p.path);
        if (p.below) line += "ID";
        line.resize(std::max<std::size_t>(line.size() + 2, 30), ' ');
        out += line + std::string(p.meaning) + "\n";
    }
    return out;
}

std::string verbose_checks(const std::vector<readiness_check>& checks, bool all_ok) {
    std::string out;
    for (const auto& c : checks) {
        out += (c.ok ? "[+]" : "[-]") + c.name + (c.ok ? " ok" : " failed");
        if (!c.detail.empty()) out += ": " + c.detail;
        out += '\n';
    }
    return out + (all_ok ? "readyz check passed\n" : "readyz check failed\n");
}

/// Resident memory in bytes (proc(5): the second number of statm, in pages).
std::int64_t resident_bytes() {
    long total = 0;
    long resident = 0;
    if (auto* f = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
        std::fclose(f);
    }
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t open_descriptors() {
    std::int64_t n = 0;
    if (auto* d = ::opendir("/proc/self/fd")) {
        while (::readdir(d) != nullptr) ++n;
        ::closedir(d);
        n -= 3;  // ".", ".." and the one that reads
    }
    return n;
}

double most_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<double>(limit.rlim_cur);
}

double cpu_seconds() {
    rusage u{};
    ::getrusage(RUSAGE_SELF, &u);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(u.ru_utime) + seconds(u.ru_stime);
}

/// The names every Prometheus client library gives its process.
void collect_process(metrics::exposition& out, double uptime) {
    out.counter("process_cpu_seconds_total", "CPU time, user and system.", {}, cpu_seconds());
    out.gauge("process_resident_memory_bytes", "Resident memory.", {},
              static_cast<double>(resident_bytes()));
    out.gauge("process_open_fds", "Open descriptors.", {}, static_cast<double>(open_descriptors()));
    out.gauge("process_max_fds", "The limit of open descriptors.", {}, most_descriptors());
    out.gauge("process_start_time_seconds", "Start, in Unix time.", {},
              static_cast<double>(unix_ms_now()) / 1000 - uptime);
}

void write_spread(json_writer& w, std::string_view name, const proxy::traffic_sums::spread& of) {
    w.key(name).begin_object().key("bounds").begin_array();
    for (const double b : of.bounds) w.value(b);
    w.end_array().key("counts").begin_array();
    for (const auto n : of.counts) w.value(n);
    w.end_array().end_object();
}

reply metrics_page(const metrics::exposition& numbers, bool gzip) {
    reply r;
    r.type = "text/plain; version=0.0.4; charset=utf-8";
    r.fields.emplace_back("vary", "accept-encoding");
    if (gzip) {
        gzip_packer packer;
        numbers.write([&packer](std::string_view family) { packer.add(family); });
        r.fields.emplace_back("content-encoding", "gzip");
        r.body = packer.finish();
    } else {
        r.body = numbers.text();
    }
    return r;
}

}  // namespace

void show_links(surroundings&, const asked& a, const answer_fn& answer) {
    if (a.accept.find("text/html") == std::string::npos) return answer(plain_text(links_as_text()));
    reply r;
    r.type = "text/html; charset=utf-8";
    r.body = links_as_html();
    answer(std::move(r));
}

void show_livez(surroundings&, const asked&, const answer_fn& answer) { answer(plain_text("ok")); }

void show_readyz(surroundings& s, const asked& a, const answer_fn& answer) {
    const auto checks = s.about.readiness();
    bool ok = true;
    for (const auto& c : checks) ok = ok && (c.ok || !c.needed);
    if (ok && !a.flag("verbose")) return answer(plain_text("ok"));
    answer(plain_text(verbose_checks(checks, ok), ok ? 200 : 503));
}

void show_metrics(surroundings& s, const asked& a, const answer_fn& answer) {
    s.side.run([&s, gzip = takes_gzip(a.accept_encoding), answer]() -> side_thread::work_fn {
        auto numbers = std::make_shared<metrics::exposition>();
        s.about.collect(*numbers);
        collect_process(*numbers, s.about.uptime_seconds());
        return [numbers = std::move(numbers), gzip, answer]() mutable -> side_thread::done_fn {
            auto page = metrics_page(*numbers, gzip);
            numbers.reset();  // here: it takes time too
            return [answer, page = std::move(page)]() mutable { answer(std::move(page)); };
        };
    });
}

void show_build(surroundings& s, const asked&, const answer_fn& answer) {
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("name", "weir");
    w.field("version", WEIR_VERSION).field("commit", s.about.build_commit());
    w.field("compiler", compiler).field("cplusplus", std::int64_t{__cplusplus});
#ifdef NDEBUG
    w.field("assertions", false);
#else
    w.field("assertions", true);
#endif
    w.field("ui", !assets().empty()).end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

/// For those who draw rates and percentiles: read twice, the difference is what came between.
void show_traffic(surroundings& s, const asked&, const answer_fn& answer) {
    const auto t = s.about.traffic();
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("unixMs", unix_ms_now());
    w.field("requests", t.requests);
    w.field("inputTokens", t.input_tokens).field("outputTokens", t.output_tokens);
    w.key("ttftSeconds").begin_object();
    write_spread(w, "plain", t.ttft_plain);
    write_spread(w, "stream", t.ttft_stream);
    w.end_object().key("answers").begin_array();
    for (const auto& [what, count] : t.answers) {
        w.begin_object().field("code", what.first).field("reason", what.second);
        w.field("count", count).end_object();
    }
    w.end_array().end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

void show_process(surroundings& s, const asked&, const answer_fn& answer) {
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("uptimeSeconds", s.about.uptime_seconds());
    w.field("cpuSeconds", cpu_seconds()).field("residentBytes", resident_bytes());
    w.field("openDescriptors", open_descriptors()).field("draining", s.about.draining());
    w.field("verbosity", static_cast<int>(log::verbosity()));
    w.key("checks").begin_array();
    for (const auto& c : s.about.readiness()) {
        w.begin_object().field("name", c.name).field("ok", c.ok).field("detail", c.detail);
        w.end_object();
    }
    w.end_array().key("addresses").begin_array();
    for (const auto& a : s.about.addresses()) {
        w.begin_object().field("address", a.address).field("gateways", a.gateways).end_object();
    }
    w.end_array().end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

}  // namespace weir::admin
