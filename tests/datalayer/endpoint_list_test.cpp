#include "datalayer/endpoint_list.hpp"

#include <doctest/doctest.h>

using namespace weir::datalayer;
using weir::config::endpoint_source;

namespace {

endpoint_source source(std::string name, std::string host,
                       std::vector<std::uint16_t> ports = {8000}) {
    return {"default", std::move(name), std::move(host), std::move(ports), {}, true};
}

std::vector<std::string> ids(const std::vector<listed_endpoint>& list) {
    std::vector<std::string> out;
    for (const auto& e : list) out.push_back(e.what.id() + " " + e.what.authority());
    return out;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("datalayer/endpoint_list") {
    TEST_CASE("a Pod gives one endpoint a target port, named by rank") {
        const std::vector<endpoint_source> pods = {source("vllm-0", "10.0.0.1", {8000, 8001})};
        const auto list = expand(pods, endpoint_origin::config, {});
        CHECK(ids(list) ==
              texts{"default/vllm-0-rank-0 10.0.0.1:8000", "default/vllm-0-rank-1 10.0.0.1:8001"});
        CHECK(list[1].what.rank == 1);
        CHECK(list[1].where.authority() == "10.0.0.1:8001");
    }

    TEST_CASE("an endpoint of the command line is named by its authority") {
        const std::vector<endpoint_source> flags = {source("127.0.0.1:8000", "127.0.0.1")};
        CHECK(ids(expand(flags, endpoint_origin::config, {})) ==
              texts{"default/127.0.0.1:8000 127.0.0.1:8000"});
    }

    TEST_CASE("names of files and of the administrator stay as written, IPv6 included") {
        const std::vector<endpoint_source> file = {source("a", "fd00::1"),
                                                   source("b", "[fd00::2]")};
        CHECK(ids(expand(file, endpoint_origin::file, {})) ==
              texts{"default/a [fd00::1]:8000", "default/b [fd00::2]:8000"});
    }

    TEST_CASE("a name gives one endpoint an address; one without an answer gives none") {
        const address_book book = {{"one", {"10.0.0.1"}}, {"two", {"10.0.0.2", "10.0.0.3"}}};
        const std::vector<endpoint_source> file = {source("a", "one"), source("b", "two"),
                                                   source("c", "three")};
        CHECK(ids(expand(file, endpoint_origin::file, book)) ==
              texts{"default/a 10.0.0.1:8000", "default/b-10.0.0.2 10.0.0.2:8000",
                    "default/b-10.0.0.3 10.0.0.3:8000"});
    }

    TEST_CASE("an endpoint keeps its key when its name resolves to more addresses") {
        const std::vector<endpoint_source> file = {source("b", "two")};
        const auto before = expand(file, endpoint_origin::file, {{"two", {"10.0.0.2"}}});
        const auto after = expand(file, endpoint_origin::file, {{"two", {"10.0.0.2", "10.0.0.3"}}});
        CHECK(before[0].key == after[0].key);
        CHECK(after[0].key != after[1].key);
    }

    TEST_CASE(
        "of one identity the administrator's word counts before the file's, the file's before the "
        "Pods'") {
        const auto one = [](endpoint_origin o, const char* ip) {
            const std::vector<endpoint_source> list = {source("x", ip)};
            auto out = expand(list, o, {});
            out[0].what.name = "x";
            return out;
        };
        auto keep = expand(std::vector{source("y", "10.0.0.9")}, endpoint_origin::file, {});
        auto file = one(endpoint_origin::file, "10.0.0.2");
        file.push_back(keep[0]);
        CHECK(ids(merge({one(endpoint_origin::config, "10.0.0.1"), file})) ==
              texts{"default/x 10.0.0.2:8000", "default/y 10.0.0.9:8000"});
        CHECK(ids(merge({one(endpoint_origin::config, "10.0.0.1"), file,
                         one(endpoint_origin::admin, "10.0.0.3")}))[0] ==
              "default/x 10.0.0.3:8000");
    }

    TEST_CASE("a repeated identity within one source is an update") {
        const std::vector<endpoint_source> file = {source("x", "10.0.0.1"),
                                                   source("x", "10.0.0.2")};
        CHECK(ids(merge({expand(file, endpoint_origin::file, {})})) ==
              texts{"default/x 10.0.0.2:8000"});
    }

    TEST_CASE("only hosts that are no literals are names") {
        std::set<std::string> names;
        collect_names(
            std::vector{source("a", "10.0.0.1"), source("b", "::1"), source("c", "gpu.local")},
            names);
        CHECK(names == std::set<std::string>{"gpu.local"});
    }
}
