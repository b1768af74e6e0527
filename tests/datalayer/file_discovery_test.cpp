#include "datalayer/file_discovery.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>

using namespace weir::datalayer;

namespace {

endpoints_file parse(std::string text) { return parse_endpoints_file("eps.yaml", std::move(text)); }

/// The problem of a file with one entry.
std::string problem(const std::string& fields) {
    const auto f = parse("endpoints:\n- {name: a, " + fields + "}\n");
    return f.problems.size() == 1 ? f.problems[0].text : f.failure;
}

}  // namespace

TEST_SUITE("datalayer/file_discovery") {
    TEST_CASE("YAML with every field, and with the least") {
        const auto f = parse(R"(endpoints:
- name: vllm-0
  namespace: llm
  address: 10.0.0.1
  port: "8000"
  labels: {b: "2", a: x}
- name: vllm-1
  address: 10.0.0.2
  port: 8001
  weight: 7
)");
        CHECK(f.clean());
        REQUIRE(f.endpoints.size() == 2);
        CHECK(f.endpoints[0].name_space == "llm");
        CHECK(f.endpoints[0].ports == std::vector<std::uint16_t>{8000});
        CHECK(f.endpoints[0].labels ==
              std::vector<std::pair<std::string, std::string>>{{"a", "x"}, {"b", "2"}});
        CHECK(f.endpoints[1].name_space == "default");
        CHECK(f.endpoints[1].ports == std::vector<std::uint16_t>{8001});
        CHECK(f.endpoints[1].ready);
    }

    TEST_CASE("JSON, keys in any case") {
        const auto f = parse(R"({"Endpoints":[{"name":"a","Address":"127.0.0.1","PORT":"80"}]})");
        CHECK(f.clean());
        REQUIRE(f.endpoints.size() == 1);
        CHECK(f.endpoints[0].host == "127.0.0.1");
    }

    TEST_CASE("IPv6 addresses and DNS names are allowed") {
        const auto f = parse(
            "endpoints:\n- {address: 'fd00::1', port: '1'}\n- {address: gpu-1.lab, port: '2'}\n"
            "- {address: my_service, port: '3'}\n- {address: localhost, port: '4'}\n");
        CHECK(f.clean());
        CHECK(f.endpoints.size() == 4);
        CHECK(f.endpoints[0].name.empty());
    }

    TEST_CASE("addresses and ports that are none are named with the endpoint") {
        CHECK(problem("address: 300.1.1.1, port: '1'")
                  .find("endpoint \"a\": invalid IPv4 address \"300.1.1.1\"") == 0);
        CHECK(problem("address: '', port: '1'").find("invalid IPv4 address \"\"") !=
              std::string::npos);
        CHECK(problem("address: 'http://x', port: '1'").find("invalid IPv4 address \"http://x\"") !=
              std::string::npos);
        CHECK(problem("port: '1'").find("invalid IPv4 address \"\"") != std::string::npos);
        for (const auto* port : {"'0'", "'65536'", "'-1'", "'http'", "''", "1.5"}) {
            CAPTURE(port);
            CHECK(problem("address: 10.0.0.1, port: " + std::string(port))
                      .find("endpoint \"a\": invalid port \"") == 0);
        }
        CHECK(problem("address: 10.0.0.1") == "endpoint \"a\": invalid port \"\"");
    }

    TEST_CASE(
        "an invalid entry is left out, the valid ones stay; at start that is an error of a line "
        "each") {
        const auto f = parse(
            "endpoints:\n- {name: a, address: 10.0.0.1, port: '1'}\n"
            "- {name: b, address: 10.0.0.2, port: x}\n- {name: c, address: 10.0.0.3, port: '0'}\n");
        REQUIRE(f.endpoints.size() == 1);
        CHECK(f.start_error() ==
              "file-discovery: initial load failed: endpoint \"b\": invalid port \"x\"\nendpoint "
              "\"c\": invalid port \"0\"");
        CHECK(f.problems[0].at.start.line == 3);
    }

    TEST_CASE("files that cannot be used at all say at which step") {
        CHECK(parse("endpoints: [").failure.find("parsing eps.yaml: line ") == 0);
        CHECK(parse("endpoints: 5").failure.find("unmarshalling eps.yaml: ") == 0);
        CHECK(parse("- a\n").failure.find("unmarshalling eps.yaml: ") == 0);
        CHECK(parse("endpoints: [{name: [x]}]").failure.find("unmarshalling eps.yaml: ") == 0);
        CHECK(parse("endpoints: [{labels: 5}]").failure.find("unmarshalling eps.yaml: ") == 0);
        CHECK(parse(std::string(max_endpoints_file + 1, '#')).failure ==
              "endpoints file eps.yaml exceeds 1 MiB limit");
        CHECK(read_endpoints_file("/nonexistent/eps.yaml").start_error() ==
              "file-discovery: initial load failed: reading /nonexistent/eps.yaml: No such file or "
              "directory");
    }

    TEST_CASE("an empty file is an empty list") {
        CHECK(parse("").clean());
        CHECK(parse("endpoints:\n").clean());
        CHECK(parse("endpoints: []\nother: 1\n").endpoints.empty());
    }

    TEST_CASE("a pipe is not waited for once somebody is served") {
        const std::string path = "/tmp/weir-endpoints-pipe-" + std::to_string(::getpid());
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        CHECK(read_endpoints_file(path, weir::config::pipe_rule::refuse).failure ==
              "reading " + path + ": a pipe, and was none when weir started");
        std::remove(path.c_str());
    }

    TEST_CASE("a file is read from disk up to its limit") {
        const std::string path = "/tmp/weir-endpoints-" + std::to_string(::getpid()) + ".yaml";
        std::ofstream(path) << "endpoints: [{name: a, address: 10.0.0.1, port: 80}]\n";
        CHECK(read_endpoints_file(path).endpoints.size() == 1);
        std::ofstream(path) << std::string(max_endpoints_file + 10, '\n');
        CHECK(read_endpoints_file(path).failure ==
              "endpoints file " + path + " exceeds 1 MiB limit");
        std::remove(path.c_str());
    }
}
