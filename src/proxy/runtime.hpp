#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/snapshot.hpp"
#include "config/model.hpp"
#include "config/picker_settings.hpp"
#include "datalayer/model_lists.hpp"
#include "datalayer/pool.hpp"
#include "flowcontrol/gate.hpp"
#include "gateway/table.hpp"
#include "payload/request.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::proxy {

/// One pool as requests see it. Everything it points to outlives the snapshot it is part of.
struct pool_runtime {
    const config::pool* spec = nullptr;
    std::uint64_t serial = 0;  ///< the same pool keeps it over reloads
    std::shared_ptr<const snapshot<datalayer::pool_view>> view;
    std::shared_ptr<const scheduling::pipeline> pipeline;
    config::detector_settings detector;
    payload::api_claims claims;                      ///< what its requests are read as
    std::shared_ptr<flowcontrol::gate> flow;         ///< null: the gate `flowControl` is off
    std::shared_ptr<datalayer::model_board> models;  ///< which endpoint serves which model
    std::string id;                                  ///< `namespace/name`
};

/// A Service as a destination: no inference semantics.
struct service_runtime {
    const config::service* spec = nullptr;
    std::uint64_t serial = 0;
    std::shared_ptr<const snapshot<datalayer::pool_view>> view;
    std::string id;
};

/// One immutable configuration in force. Requests pin the one they began with.
struct runtime {
    std::uint64_t version = 0;
    std::shared_ptr<const config::model> model;
    std::shared_ptr<const gateway::table> table;
    std::vector<pool_runtime> pools;        ///< indexed as model->pools
    std::vector<service_runtime> services;  ///< indexed as model->services
};

}  // namespace weir::proxy
