#pragma once

#include <string>

#include "base/json.hpp"
#include "proxy/decision_ring.hpp"

namespace weir::admin {

/// Whether the answer is over, whatever became of it.
bool has_ended(const proxy::decision_record& r);

/// One decision as a row: facts, outcome, number of candidates, margin. `apiVersion` included.
void write_decision(json_writer& w, const proxy::decision_record& r);

/// The members of the row, into an object that is open.
void write_decision_members(json_writer& w, const proxy::decision_record& r);

/// Names of the candidates: as recorded, else `#index`.
std::string candidate_name(const proxy::decision_record& r, std::size_t i);

/// The endpoint that one of the attempts went to.
std::string attempt_name(const proxy::decision_record& r, std::size_t attempt);

}  // namespace weir::admin
