#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/codes.hpp"
#include "reading.hpp"

namespace {

using namespace weir::config;
namespace fs = std::filesystem;

const fs::path folder = fs::path(WEIR_CONFIG_TESTS) / "broken";

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

struct expectation {
    std::string file;
    std::string findings;  ///< `CODE line:column` and so on, in order of place
};

std::vector<expectation> expectations() {
    std::vector<expectation> out;
    std::istringstream lines(contents(folder / "expected.txt"));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.front() == '#') continue;
        const auto space = line.find(' ');
        out.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return out;
}

std::string found_in(const fs::path& path) {
    auto result = reading::read(contents(path), path.string());
    auto list = result.found.list();
    std::stable_sort(list.begin(), list.end(), [](const finding& a, const finding& b) {
        return std::pair(a.at.start.offset, a.code) < std::pair(b.at.start.offset, b.code);
    });
    std::string out;
    for (const auto& f : list) {
        if (!out.empty()) out += ' ';
        out += f.code + " " + std::to_string(f.at.start.line) + ":" +
               std::to_string(f.at.start.column);
    }
    return out;
}

}  // namespace

TEST_SUITE("config/broken") {
    TEST_CASE("every broken file gives exactly the expected findings at the expected places") {
        const auto all = expectations();
        CHECK(all.size() >= 200);
        for (const auto& e : all) {
            INFO("file: " << e.file);
            CHECK(found_in(folder / e.file) == e.findings);
        }
    }

    TEST_CASE("every broken file is in the table and every code is explained") {
        std::set<std::string> listed;
        for (const auto& e : expectations()) {
            listed.insert(e.file);
            std::istringstream words(e.findings);
            for (std::string code, place; words >> code >> place;) {
                INFO("code: " << code);
                CHECK(find_code(code) != nullptr);
            }
        }
        for (const auto& entry : fs::directory_iterator(folder)) {
            const auto name = entry.path().filename().string();
            INFO("file: " << name);
            CHECK((name == "expected.txt" || listed.contains(name)));
        }
    }

    TEST_CASE("every finding of the corpus has a message, a place and renders in all encodings") {
        for (const auto& e : expectations()) {
            const auto result = reading::read(contents(folder / e.file), e.file);
            INFO("file: " << e.file);
            for (const auto& f : result.found.list()) {
                CHECK_FALSE(f.message.empty());
                CHECK(f.at.file != nullptr);
                CHECK(f.at.start.line > 0);
                CHECK(f.at.end.offset >= f.at.start.offset);
                CHECK(f.at.end.offset <= f.at.file->text.size());
            }
            const auto place = e.file + ":" + e.findings.substr(9, e.findings.find(' ', 9) - 9);
            CHECK(render_text(result.found, false).find("--> " + place) != std::string::npos);
            CHECK(render_github(result.found).starts_with("::"));
            CHECK(reading::as_json(result.found).starts_with("{\"findings\":[{\"code\":\"WEIR"));
        }
    }
}
