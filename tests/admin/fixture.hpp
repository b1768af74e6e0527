#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admin/api.hpp"
#include "config/yaml.hpp"
#include "http/server.hpp"

namespace weir::admin::test {

/// A gateway with one pool of three endpoints that nobody serves, all in memory.
class fake_subject final : public subject {
  public:
    explicit fake_subject(http::event_loop& loop)
        : loop_(loop), pool_("default", "llama"), scraper_(loop, {}) {
        config::endpoint_source source;
        source.name_space = "default";
        source.ports = {8000};
        for (int i = 1; i <= 3; ++i) {
            source.name = "pod-" + std::to_string(i);
            source.host = "127.0.0." + std::to_string(10 + i);
            source.labels = {{"app", "llama"}};
            sources_.push_back(source);
        }
        pool_.set_sources(datalayer::endpoint_origin::file, sources_, steady_clock::now());
        put_in_force();
    }

    /// What the scraper would have read.
    void tell(std::size_t i, double waiting, double running, double kv) {
        auto& s = *pool_.members().at(i)->state;
        s.waiting = waiting;
        s.running = running;
        s.kv_usage = kv;
        s.updated_ns = to_ns(steady_clock::now());
        s.staleness_floor = 3600;
    }

    proxy::decision_record record(const std::string& id) const {
        proxy::decision_record r;
        r.sequence = records.size() + 1;
        r.wall_ms = 1'767'225'600'000;
        r.request_id = id;
        r.runtime_version = runtime_->version;
        r.view_version = pool_.views().load()->version;
        r.pool = pool_.id();
        r.path = "/v1/completions";
        r.model = r.target_model = "m";
        r.endpoint = "default/pod-2";
        r.endpoint_address = "127.0.0.12:8000";
        r.status = 200;
        r.total_ms = 12;
        for (std::uint32_t i = 0; i < 3; ++i) {
            proxy::recorded_candidate c;
            c.endpoint = i;
            c.waiting = i == 1 ? 0.F : 4.F;
            c.kv_usage = i == 1 ? 0.1 : 0.9;
            c.filtered = true;
            r.candidates.push_back(c);
        }
        return r;
    }

    std::vector<readiness_check> readiness() const override { return checks; }
    std::shared_ptr<const proxy::runtime> runtime() const override { return runtime_; }
    std::vector<pool_facts> pools() const override {
        return {{pool_.id(), &pool_, &runtime_->pools.front()}};
    }
    const datalayer::scraper& scraper() const override { return scraper_; }
    std::vector<data_address> addresses() const override { return {{"127.0.0.1:8080", "gw/web"}}; }
    void collect(metrics::exposition& out) const override {
        out.counter("weir_test_total", "Help.", {{"a", "b"}}, 3);
    }
    proxy::traffic_sums traffic() const override { return sums; }
    const reload_report& last_reload() const override { return report; }
    bool draining() const override { return drained; }
    double uptime_seconds() const override { return 1.5; }
    std::string command_line() const override { return "serve -f here.yaml"; }
    void decisions(std::size_t limit, std::string id,
                   std::function<void(std::vector<proxy::decision_record>)> done) override {
        std::vector<proxy::decision_record> out;
        for (auto r = records.rbegin(); r != records.rend() && out.size() < limit; ++r) {
            if (id.empty() || r->request_id == id) out.push_back(*r);
        }
        loop_.post([done = std::move(done), out = std::move(out)] { done(out); });
    }
    reload_report reload(bool dry) override {
        reloads.emplace_back(dry);
        return report;
    }
    void drain() override { drained = true; }
    bool add_endpoint(std::string_view pool, config::endpoint_source source) override {
        if (pool != pool_.id()) return false;
        pool_.admin_add(std::move(source), steady_clock::now());
        return true;
    }
    bool remove_endpoint(std::string_view pool, std::string_view id) override {
        return pool == pool_.id() && pool_.admin_remove(id, steady_clock::now());
    }
    bool drain_endpoint(std::string_view pool, std::string_view id, bool draining) override {
        return pool == pool_.id() && pool_.admin_drain(id, draining, steady_clock::now());
    }

    std::vector<readiness_check> checks = {{"configuration", true, ""}, {"listeners", true, ""}};
    reload_report report;
    proxy::traffic_sums sums;
    std::vector<bool> reloads;
    std::vector<proxy::decision_record> records;
    std::atomic<bool> drained{false};

  private:
    void put_in_force() {
        auto model = std::make_shared<config::model>();
        model->pools.emplace_back();
        model->pools[0].name_space = "default";
        model->pools[0].name = "llama";
        model->pools[0].objectives["batch"] = -1;
        model->effective_json = R"({"listeners":[],"resources":[{"file":"here.yaml","line":3}]})";
        config::resource_status status;
        status.api_version = "gateway.networking.k8s.io/v1";
        status.kind = "HTTPRoute";
        status.name_space = "default";
        status.name = "web";
        status.shape = config::status_shape::parents;
        model->statuses.push_back(status);
        auto r = std::make_shared<proxy::runtime>();
        r->version = 7;
        r->model = model;
        config::findings found;
        proxy::pool_runtime p;
        p.spec = &model->pools[0];
        p.view = std::shared_ptr<const snapshot<datalayer::pool_view>>(&pool_.views(),
                                                                       [](const auto*) {});
        p.pipeline = scheduling::pipeline::make({}, scheduling::preset::reference, found);
        p.id = pool_.id();
        r->pools.push_back(p);
        runtime_ = r;
    }

    http::event_loop& loop_;
    std::vector<config::endpoint_source> sources_;
    datalayer::endpoint_pool pool_;
    datalayer::scraper scraper_;
    std::shared_ptr<const proxy::runtime> runtime_;
};

struct answer {
    int status = 0;
    std::string head;
    std::string body;
    bool has(const std::string& text) const { return body.find(text) != std::string::npos; }
    bool says(const std::string& field) const { return head.find(field) != std::string::npos; }
};

/// Strictly RFC 8259, read by the configuration's reader.
inline bool is_json_object(const std::string& text) {
    const weir::config::source_file file{"answer", text};
    weir::config::text_window window;
    window.file = &file;
    window.text = file.text;
    weir::config::findings found;
    bool object = false;
    const bool good = weir::config::read_json(window, found, [&](weir::config::node&& root) {
        object = root.is_mapping() && root.get("apiVersion") != nullptr;
    });
    return good && object && !found.has_errors();
}

/// The admin API behind a real server; everything is made and destroyed around its loop's thread.
class fixture {
  public:
    fixture()
        : about(loop_),
          api_(loop_, about),
          server_(loop_, http::listen_on(*http::address::parse("127.0.0.1", 0), false).value(),
                  api_, limits_) {
        server_.start();
        port_ = server_.local().port();
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~fixture() {
        loop_.stop();
        thread_.join();
    }

    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

    /// Runs on the loop's thread and waits for it.
    template <class F>
    void on_loop(F f) {
        std::promise<void> done;
        loop_.post([&] {
            f();
            done.set_value();
        });
        done.get_future().get();
    }

    /// Sends a request as it is and reads the answer to its end, or to `until`.
    std::string exchange(const std::string& bytes, const std::string& until = {}) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        const auto to = *http::address::parse("127.0.0.1", port_);
        REQUIRE(::connect(fd, to.data(), to.size()) == 0);
        const timeval limit{10, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
        std::string out;
        char piece[16384];
        for (;;) {
            const auto n = ::recv(fd, piece, sizeof piece, 0);
            if (n <= 0) break;
            out.append(piece, static_cast<std::size_t>(n));
            if (!until.empty() && out.find(until) != std::string::npos) break;
        }
        ::close(fd);
        return out;
    }

    answer ask(const std::string& method, const std::string& target, const std::string& fields = {},
               const std::string& body = {}) const {
        std::string bytes = method + " " + target + " HTTP/1.1\r\nconnection: close\r\n" + fields;
        if (fields.find("host:") == std::string::npos) bytes += "host: " + authority() + "\r\n";
        if (method == "POST") bytes += "content-length: " + std::to_string(body.size()) + "\r\n";
        const auto all = exchange(bytes + "\r\n" + body);
        answer a;
        const auto end = all.find("\r\n\r\n");
        REQUIRE(end != std::string::npos);
        a.head = all.substr(0, end + 2);
        a.body = all.substr(end + 4);
        a.status = std::stoi(a.head.substr(9, 3));
        return a;
    }
    answer get(const std::string& target, const std::string& fields = {}) const {
        return ask("GET", target, fields);
    }
    answer post(const std::string& target, const std::string& body) const {
        return ask("POST", target, "content-type: application/json\r\n", body);
    }

  private:
    http::event_loop loop_;
    http::server_limits limits_;

  public:
    fake_subject about;

  private:
    api api_;
    http::server server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace weir::admin::test
