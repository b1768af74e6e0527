#include "sim/lora_slots.hpp"

#include <algorithm>

namespace weir::sim {

lora_slots::outcome lora_slots::acquire(adapter a, time_point now) {
    if (a == 0) return outcome::ready;
    slot* place = nullptr;
    for (auto& s : slots_) {
        if (s.held == a) {
            if (s.ready > now) return outcome::loading;
            ++s.users;
            s.used = ++clock_;
            return outcome::ready;
        }
        const bool idle = s.held == 0 || (s.users == 0 && s.ready <= now);
        if (idle && (place == nullptr || s.used < place->used)) place = &s;
    }
    if (place == nullptr) return outcome::full;
    *place = {.held = a, .users = 0, .used = ++clock_, .ready = now + load_time_};
    if (load_time_ > duration::zero()) return outcome::loading;
    place->users = 1;
    return outcome::ready;
}

void lora_slots::release(adapter a) {
    for (auto& s : slots_) {
        if (a != 0 && s.held == a && s.users > 0) {
            --s.users;
            s.used = ++clock_;
        }
    }
}

std::optional<time_point> lora_slots::next_ready(time_point now) const {
    std::optional<time_point> first;
    for (const auto& s : slots_) {
        if (s.held != 0 && s.ready > now && (!first || s.ready < *first)) first = s.ready;
    }
    return first;
}

bool lora_slots::resident(adapter a) const {
    return std::any_of(slots_.begin(), slots_.end(), [a](const slot& s) { return s.held == a; });
}

std::size_t lora_slots::used() const {
    return static_cast<std::size_t>(
        std::count_if(slots_.begin(), slots_.end(), [](const slot& s) { return s.held != 0; }));
}

}  // namespace weir::sim
