#include "proxy/access_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "../support/temporary.hpp"

using weir::proxy::access_log;

namespace {

std::string content(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Polls until the file reads so; false after ten seconds.
bool becomes(const std::filesystem::path& path, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
        if (content(path) == text) return true;
        std::this_thread::yield();
    }
    return false;
}

}  // namespace

TEST_SUITE("proxy/access_log") {
    TEST_CASE(
        "lines are appended in order, behind what the file had, and none is lost at the end") {
        const temporary_folder at;
        const auto path = at / "log";
        std::ofstream(path) << "old\n";
        {
            const auto log = access_log::open(path.string());
            REQUIRE(log);
            (*log)->append("one");
            (*log)->append("two");
        }
        CHECK(content(path) == "old\none\ntwo\n");
    }

    TEST_CASE("after a rotation the next lines go to a file of the same name") {
        const temporary_folder at;
        const auto path = at / "log";
        const auto log = access_log::open(path.string());
        REQUIRE(log);
        (*log)->append("before");
        REQUIRE(becomes(path, "before\n"));
        std::filesystem::rename(path, at / "log.1");
        (*log)->reopen();
        (*log)->append("after");
        CHECK(becomes(path, "after\n"));
        CHECK(content(at / "log.1") == "before\n");
    }

    TEST_CASE("a sink that takes nothing costs lines, which are counted, and never time") {
        const temporary_folder at;
        const auto path = at / "pipe";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const int reader = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        REQUIRE(reader >= 0);
        auto log = access_log::open(path.string());
        REQUIRE(log);
        // The pipe, the batch being written and the queue hold some megabytes together.
        const std::string line(1000, 'x');
        for (int i = 0; i < 20000; ++i) (*log)->append(line);
        CHECK((*log)->dropped() > 0);
        log->reset();  // ends, though nobody reads
        ::close(reader);
    }

    TEST_CASE("a pipe without a reader makes nobody wait, and keeps lines for the first") {
        const temporary_folder at;
        const auto path = at / "pipe";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const auto log = access_log::open(path.string());
        REQUIRE(log);
        const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(reader >= 0);
        (*log)->reopen();
        (*log)->append("line");
        char got[16] = {};
        CHECK(::read(reader, got, sizeof got) == 5);
        ::close(reader);
        (*log)->reopen();
        (*log)->append("nobody reads this");
    }

    TEST_CASE("lines that a sink refuses are counted") {
        const auto log = access_log::open("/dev/full");
        REQUIRE(log);
        for (int i = 0; i < 3; ++i) (*log)->append("line");
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while ((*log)->dropped() < 3 && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        CHECK((*log)->dropped() == 3);
    }

    TEST_CASE("a path that cannot be opened is an error") {
        const auto log = access_log::open("/nonexistent/folder/log");
        CHECK_FALSE(log);
    }
}
