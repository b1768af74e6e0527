#include "config/discover.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "../support/temporary.hpp"
#include "config/resolve_codes.hpp"

using namespace weir::config;
namespace fs = std::filesystem;

namespace {

std::string texts(const std::vector<source_ptr>& sources) {
    std::string all;
    for (const auto& s : sources) all += (all.empty() ? "" : " ") + s->text;
    return all;
}

}  // namespace

TEST_SUITE("config/discover") {
    TEST_CASE(
        "folders are read recursively, by name, manifests only, nothing that begins with a dot") {
        const temporary_folder dir;
        dir.write("b.yml", "b");
        dir.write("a.yaml", "a");
        dir.write("sub/c.json", "c");
        dir.write("notes.md", "no");
        dir.write(".hidden.yaml", "no");
        dir.write(".git/x.yaml", "no");
        findings found;
        CHECK(texts(read_sources({dir.str()}, found)) == "a b c");
        CHECK(found.list().empty());
    }
    TEST_CASE("a file named on its own is read whatever its name, and only once") {
        const temporary_folder dir;
        dir.write("conf", "x");
        dir.write("y.yaml", "y");
        findings found;
        const auto conf = (dir / "conf").string();
        CHECK(texts(read_sources({conf, conf, dir.str(), (dir / "y.yaml").string()}, found)) ==
              "x y");
        CHECK(found.list().empty());
    }
    TEST_CASE("a mounted ConfigMap is read through its links, not twice") {
        const temporary_folder dir;
        dir.write("..2024_01_01/route.yaml", "r");
        fs::create_directory_symlink("..2024_01_01", dir / "..data");
        fs::create_symlink("..data/route.yaml", dir / "route.yaml");
        findings found;
        const auto sources = read_sources({dir.str()}, found);
        REQUIRE(sources.size() == 1);
        CHECK(sources[0]->text == "r");
        CHECK(sources[0]->path == (dir / "route.yaml").string());
    }
    TEST_CASE("links that go round, and links to nothing, end") {
        const temporary_folder dir;
        dir.write("a.yaml", "a");
        fs::create_directory_symlink(".", dir / "again");
        fs::create_symlink("nowhere.yaml", dir / "broken.yaml");
        findings found;
        CHECK(texts(read_sources({dir.str()}, found)) == "a");
        CHECK(found.list().empty());
    }
    TEST_CASE("a path that is not there is an error that names it") {
        findings found;
        CHECK(read_sources({"/nowhere/at-all.yaml"}, found).empty());
        REQUIRE(found.list().size() == 1);
        CHECK(found.list()[0].code == codes::path_missing);
        CHECK(found.list()[0].level == severity::error);
        CHECK(found.list()[0].message == "/nowhere/at-all.yaml does not exist");
        CHECK(found.list()[0].at.file->path == "/nowhere/at-all.yaml");
    }
    TEST_CASE("what may not be read is said in the guide's words") {
        if (::geteuid() == 0) return;  // root may read everything
        const temporary_folder dir;
        dir.write("a.yaml", "a");
        const auto path = (dir / "a.yaml").string();
        ::chmod(path.c_str(), 0);
        findings found;
        CHECK(read_sources({path}, found).empty());
        REQUIRE(found.list().size() == 1);
        CHECK(found.list()[0].message == "failed to list InferencePool, InferenceObjective, Pod: " +
                                             path + " is forbidden (permission denied)");
    }
    TEST_CASE("a pipe is not waited for once somebody is served") {
        const temporary_folder dir;
        const auto path = (dir / "a.yaml").string();
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        findings found;
        CHECK(read_sources({path}, found, pipe_rule::refuse).empty());
        REQUIRE(found.list().size() == 1);
        CHECK(found.list()[0].code == codes::path_unreadable);
        CHECK(found.list()[0].message == path + " is a pipe, and was none when weir started");
    }
    TEST_CASE("an empty folder is told") {
        const temporary_folder dir;
        findings found;
        CHECK(read_sources({dir.str()}, found).empty());
        REQUIRE(found.list().size() == 1);
        CHECK(found.list()[0].code == codes::folder_empty);
        CHECK(found.list()[0].level == severity::warning);
    }
}
