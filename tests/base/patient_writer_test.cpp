#include "base/patient_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <thread>

using weir::patient_writer;

namespace {

struct pipe_ends {
    pipe_ends() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
    ~pipe_ends() {
        for (const int fd : ends) ::close(fd);
    }
    int reader() const { return ends[0]; }
    int writer() const { return ends[1]; }
    std::array<int, 2> ends{};
};

}  // namespace

TEST_SUITE("base/patient_writer") {
    TEST_CASE("a reader that is slow gets everything, also from a descriptor that never blocks") {
        for (const int flags : {0, O_NONBLOCK}) {
            const pipe_ends pipe;
            REQUIRE(::fcntl(pipe.writer(), F_SETFL, flags) == 0);
            std::string sent;
            for (int i = 0; i < 50'000; ++i) sent += std::to_string(i) + "\n";
            std::string got;
            std::thread reader([&] {
                std::array<char, 5000> part;
                while (got.size() < sent.size()) {
                    const auto n = ::read(pipe.reader(), part.data(), part.size());
                    if (n <= 0) break;
                    got.append(part.data(), static_cast<std::size_t>(n));
                }
            });
            patient_writer out(pipe.writer());
            CHECK(out.write(sent) == sent.size());
            reader.join();
            CHECK(got == sent);
        }
    }

    TEST_CASE("one that leaves gives up on a reader that stands still, and says what went out") {
        const pipe_ends pipe;
        patient_writer out(pipe.writer());
        out.leave();
        const std::string much(1'000'000, 'x');
        const auto went = out.write(much);
        CHECK(went > 0);
        CHECK(went < much.size());
        CHECK(out.write("more") == 0);
    }

    TEST_CASE("a descriptor that fails ends the write") {
        const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
        REQUIRE(full >= 0);
        patient_writer out(full);
        CHECK(out.write("line\n") == 0);
        ::close(full);
    }
}
