#include "balancers/methods/registry.h"

#include <algorithm>
#include <stdexcept>

namespace mtlgrid {
namespace {

constexpr const char* kEqual = "equal";
constexpr const char* kNone = "none";
constexpr const char* kBaseline = "baseline";

const WeightingRow kWeightings[] = {
    {.name = kEqual, .paper = true},
    {.name = "dwa", .paper = true},
    {.name = "uncert", .paper = true},
    {.name = "autol", .meta_step = true, .paper = true},
};

const AggregationRow kAggregations[] = {
    {kNone, AggregationInput::weighted_sum, true},
    {"graddrop", AggregationInput::rows, true},
    {"pcgrad", AggregationInput::gram, true},
    {"cagrad", AggregationInput::gram, true},
};

// Words of configurations and names of other random streams (trainer/contract/streams.h).
constexpr const char* kReserved[] = {kBaseline, "naive", "paper",   "all",       "weights",
                                     "order",   "meta",  "dropout", "bootstrap", "predict"};

std::string product_name(const std::string& weighting, const std::string& aggregation) {
  if (weighting == kEqual) return aggregation == kNone ? "naive" : aggregation;
  return aggregation == kNone ? weighting : weighting + "+" + aggregation;
}

class Registry {
 public:
  Registry() {
    for (const WeightingRow& row : kWeightings) add(row);
    for (const AggregationRow& row : kAggregations) add(row);
  }

  void add(const WeightingRow& row) {
    require_free(row.name);
    weightings_.push_back(row);
    make_methods();
  }
  void add(const AggregationRow& row) {
    require_free(row.name);
    aggregations_.push_back(row);
    make_methods();
  }

  const std::vector<WeightingRow>& weightings() const { return weightings_; }
  const std::vector<AggregationRow>& aggregations() const { return aggregations_; }
  const std::vector<Method>& methods() const { return methods_; }

 private:
  void require_free(const std::string& name) const {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) {
      throw std::invalid_argument("'" + name + "' cannot be registered: a name has lower-case letters, digits and '_'");
    }
    const auto is = [&](const auto& row) { return row.name == name; };
    if (std::any_of(weightings_.begin(), weightings_.end(), is) ||
        std::any_of(aggregations_.begin(), aggregations_.end(), is) ||
        std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
      throw std::invalid_argument("'" + name + "' cannot be registered: the name is taken");
    }
  }

  void add_method(const WeightingRow& w, const AggregationRow& a) {
    methods_.push_back({product_name(w.name, a.name), w, a, true, w.paper && a.paper});
  }

  void make_methods() {
    methods_.clear();
    if (weightings_.empty() || aggregations_.empty()) return;
    const WeightingRow& equal = weightings_.front();
    const AggregationRow& none = aggregations_.front();
    methods_.push_back({kBaseline, equal, none, false, true});
    add_method(equal, none);
    for (std::size_t i = 1; i < weightings_.size(); ++i) add_method(weightings_[i], none);
    for (std::size_t j = 1; j < aggregations_.size(); ++j) add_method(equal, aggregations_[j]);
    for (std::size_t i = 1; i < weightings_.size(); ++i) {
      for (std::size_t j = 1; j < aggregations_.size(); ++j) add_method(weightings_[i], aggregations_[j]);
    }
    std::stable_partition(methods_.begin(), methods_.end(), [](const Method& m) { return m.paper; });
  }

  std::vector<WeightingRow> weightings_;      // `equal` first
  std::vector<AggregationRow> aggregations_;  // `none` first
  std::vector<Method> methods_;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

std::vector<std::string> names(bool paper_alone) {
  std::vector<std::string> found;
  for (const Method& m : methods()) {
    if (m.paper || !paper_alone) found.push_back(m.name);
  }
  return found;
}

}  // namespace

const std::vector<Method>& methods() { return registry().methods(); }
const std::vector<WeightingRow>& weightings() { return registry().weightings(); }
const std::vector<AggregationRow>& aggregations() { return registry().aggregations(); }

std::vector<std::string> method_names() { return names(false); }
std::vector<std::string> paper_method_names() { return names(true); }

const Method& method(const std::string& name) {
  std::string known;
  for (const Method& m : methods()) {
    if (m.name == name) return m;
    known += (known.empty() ? "" : ", ") + m.name;
  }
  throw std::invalid_argument("unknown method '" + name + "'; this program has " + known);
}

bool is_joint(const std::string& method) { return method != kBaseline; }

void register_weighting(const WeightingRow& row) { registry().add(row); }
void register_aggregation(const AggregationRow& row) { registry().add(row); }

}  // namespace mtlgrid
