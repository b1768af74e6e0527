#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/lora_affinity_scorer") {
    TEST_CASE("running 1, room 0.8, waiting 0.6, else 0; room is tested before waiting") {
        test_pool pool(8);
        const lora_state runs{{"a", "mine"}, {}, 2};
        const lora_state room{{"a"}, {}, 2};
        const lora_state waits{{"a"}, {"mine"}, 2};
        const lora_state waits_with_room{{"a"}, {"mine"}, 3};
        const lora_state full{{"a"}, {"b"}, 2};
        const lora_state none{{}, {}, 0};
        const lora_state over{{"a", "b", "c"}, {"d"}, 2};
        pool.signals.lora = {&runs, &room, &waits, &waits_with_room, &full, &none, &over, nullptr};
        inference_request r;
        r.target_model = "mine";
        CHECK(one_plugin("lora-affinity-scorer").scored(pool, r) ==
              scores{1, 0.8, 0.6, 0.8, 0, 0, 0, 0});
        r.model = "mine";  // the client's name does not count
        r.target_model = "c";
        CHECK(one_plugin("lora-affinity-scorer").scored(pool, r)[6] == 1);
    }
}
