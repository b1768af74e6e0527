// Runs a fuzz target over a folder of inputs, and over seeded mutations of each: what a compiler
// without libFuzzer can do. Usage: replay FOLDER
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz_target.hpp"

namespace {

constexpr int mutations_per_input = 300;

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::size_t below(std::mt19937_64& random, std::size_t limit) {
    return limit == 0 ? 0 : random() % limit;
}

// One to four edits: a byte that JSON, YAML and SSE care about, a cut, or a repeated piece.
std::string mutated(std::string input, std::mt19937_64& random) {
    static constexpr char bytes[] = "\"\\{}[]:,\r\n \0u0-1.eE\xEF\xC0\x80tfn&*|>#?%'~\t";
    for (std::size_t edits = 1 + below(random, 4); edits > 0; --edits) {
        const auto at = below(random, input.size());
        const auto n = 1 + below(random, 8);
        switch (below(random, 4)) {
            case 0:
                if (!input.empty()) input[at] = bytes[below(random, sizeof bytes - 1)];
                break;
            case 1:
                input.insert(at, 1, bytes[below(random, sizeof bytes - 1)]);
                break;
            case 2:
                input.erase(at, n);
                break;
            default:
                input.insert(at, input.substr(below(random, input.size()), n));
                break;
        }
    }
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::mt19937_64 random(1);
    for (const auto& file : files) {
        std::ifstream stream(file, std::ios::binary);
        const std::string input{std::istreambuf_iterator<char>(stream), {}};
        run(input);
        for (int i = 0; i < mutations_per_input; ++i) run(mutated(input, random));
    }
    std::printf("%zu inputs, %d mutations each\n", files.size(), mutations_per_input);
    return files.empty() ? 1 : 0;
}
