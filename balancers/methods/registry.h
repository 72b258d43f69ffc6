// The registry of balancing methods: which loss weightings and gradient aggregations there are, what each needs of a
// training step, and the methods that their products make. Names and needs alone: no torch, the orchestrator reads
// them too. What a row does is made by make_weighting() and make_aggregator().
//
// Rows are added by register_weighting() and register_aggregation() before anything else uses the registry; the
// built-in ones need no call. Not thread safe, and an added row makes earlier references to methods invalid: register
// first thing in main().
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mtlgrid {

struct WeightingRow {
  std::string name;        // its part of a method's name
  bool meta_step = false;  // needs the gradient of a meta loss on a second bag before each step of the network
  bool paper = false;      // one of the paper's
};

// What an aggregation reads of the gradients of K weighted losses by the P shared parameters.
enum class AggregationInput {
  weighted_sum,  // their sum alone: one backward pass for all losses together
  gram,          // their K x K Gram matrix; the result is a combination of them
  rows,          // every coordinate, [K, P]
};

struct AggregationRow {
  std::string name;  // its part of a method's name; also that of its random stream
  AggregationInput input = AggregationInput::gram;
  bool paper = false;  // one of the paper's
};

struct Method {
  std::string name;  // as in tables: "baseline", "naive", "dwa", ..., "autol+cagrad"
  WeightingRow weighting;
  AggregationRow aggregation;
  bool joint = true;  // false: `baseline`, classification alone, one query token
  bool paper = false;
  // Whether its step needs the gradient of every loss by itself: one backward pass a task.
  bool separate_gradients() const { return weighting.meta_step || aggregation.input != AggregationInput::weighted_sum; }
};

// All methods there are: the paper's 17 in the order of its tables, then the others. Names follow from their parts:
// `naive` (weighting `equal`, aggregation `none`), WEIGHTING (aggregation `none`), AGGREGATION (weighting `equal`) or
// WEIGHTING+AGGREGATION; and `baseline`. The order is `baseline`, `naive`, weightings, aggregations, then the products
// by weighting; rows in the order of their registration.
const std::vector<Method>& methods();
std::vector<std::string> method_names();
std::vector<std::string> paper_method_names();
// Throws std::invalid_argument for an unknown name, and lists those there are.
const Method& method(const std::string& name);
// Whether a method trains both tasks. Needs no row: a store may hold methods that this program does not have.
bool is_joint(const std::string& method);

const std::vector<WeightingRow>& weightings();
const std::vector<AggregationRow>& aggregations();

// Adds a row. Throws std::invalid_argument for a name that is taken, that is not made of lower-case letters, digits
// and '_', or that means something else in configurations or as a random stream.
void register_weighting(const WeightingRow& row);
void register_aggregation(const AggregationRow& row);

}  // namespace mtlgrid
