#include "flowcontrol/admission.hpp"

namespace weir::flowcontrol {

bool is_sheddable(const admission_facts& facts) {
    return facts.level ? *facts.level != config::criticality::critical : facts.priority < 0;
}

admission admit(const admission_facts& facts, const saturation& pool) {
    if (!is_sheddable(facts) || !pool.saturated) return ticket{};
    return rejection{
        .text =
            "inference gateway: InferencePoolResourceExhausted - system saturated, sheddable "
            "request dropped",
        .reason = "saturated",
        .dropped_reason = "rejected-saturated",
    };
}

}  // namespace weir::flowcontrol
