// An endpoints file. Whatever it holds, what is taken from it is complete, and what is wrong is
// said.
#include <string>

#include "datalayer/file_discovery.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::datalayer;
    const auto file = parse_endpoints_file("endpoints.yaml",
                                           std::string(reinterpret_cast<const char*>(data), size));
    must(file.failure.empty() || file.endpoints.empty());
    must(file.clean() == file.start_error().empty());
    for (const auto& e : file.endpoints) {
        must(!e.host.empty() && !e.name_space.empty());
        must(e.ports.size() == 1 && e.ports[0] != 0);
    }
    return 0;
}
