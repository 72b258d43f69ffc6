// What the settings of a stored grid say of a biomarker's classes and columns.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "datasets/cohorts/label_rule.h"

namespace mtlgrid {

// The label column and the values of the classes. Stores of earlier versions have the negative values only as far as
// the configuration had. `negative_from` and `section` are empty. Throws nlohmann::json::exception for settings that no
// run writes.
LabelRule stored_rule(const nlohmann::json& settings, const std::string& biomarker);

// The column of an auxiliary.
std::string stored_auxiliary_column(const nlohmann::json& settings, const std::string& biomarker,
                                    const std::string& auxiliary);

}  // namespace mtlgrid
