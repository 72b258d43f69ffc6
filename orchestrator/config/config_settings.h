// A configuration as the store keeps it with a grid.
#pragma once

#include <nlohmann/json.hpp>

#include "orchestrator/config/config.h"

namespace mtlgrid {

// The settings that decide a cell's result.
nlohmann::json identity_settings(const Config& config);
// The whole resolved configuration.
nlohmann::json resolved_settings(const Config& config);
// Retries and times of [cluster], which `status` reads back.
nlohmann::json cluster_settings(const ClusterSettings& cluster);

}  // namespace mtlgrid
