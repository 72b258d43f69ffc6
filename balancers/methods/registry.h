// The 17 methods of the paper's tables: 4 loss weightings x 4 gradient aggregations, and the single-task baseline.
// No torch here: the orchestrator reads this registry too.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

enum class Weighting { equal, dwa, uncert, autol };
enum class Aggregation { none, graddrop, pcgrad, cagrad };

struct Method {
  std::string name;  // as in tables: "baseline", "naive", "dwa", ..., "autol+cagrad"
  Weighting weighting = Weighting::equal;
  Aggregation aggregation = Aggregation::none;
  bool joint = true;  // false: `baseline`, classification alone, one query token
};

// All methods, in the order of the paper's tables.
const std::vector<Method>& methods();
// Throws std::invalid_argument for an unknown name.
const Method& method(const std::string& name);

}  // namespace mtlgrid
