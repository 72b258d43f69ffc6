// What every gradient aggregation promises, run over all of them and both protocols.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

struct Claim {
  std::string aggregation;
  bool released = false;
  // Of the longest gradient: where w* of CAGrad is ill-conditioned (nearly opposite gradients), rounding of M shows.
  double tolerance = 1e-13;
};

void PrintTo(const Claim& claim, std::ostream* out) { *out << claim.aggregation; }

// Every row of the registry, under the paper's protocol and, if wanted, under the released code's.
std::vector<Claim> claims(bool released) {
  std::vector<Claim> all;
  for (const AggregationRow& row : aggregations()) {
    const double tolerance = row.name == "cagrad" ? 1e-6 : 1e-13;
    all.push_back({row.name, false, tolerance});
    if (released) all.push_back({row.name, true, tolerance});
  }
  return all;
}
std::string claim_name(const testing::TestParamInfo<Claim>& one) {
  return one.param.aggregation + (one.param.released ? "_released" : "");
}

class EveryAggregation : public testing::TestWithParam<Claim> {
 protected:
  Protocol protocol() const { return GetParam().released ? Protocol::released_code() : Protocol::paper(); }
  Vector run(const Rows& rows, const GivenNumbers& inputs, at::ScalarType type = at::kDouble) const {
    return values_of(aggregate(GetParam().aggregation, tensor_of(rows, type), inputs, protocol()));
  }
  static GivenNumbers inputs_for(const Rows& rows) {
    std::mt19937_64 engine(5);
    std::uniform_real_distribution<double> uniform;
    Vector numbers(rows[0].size());
    for (double& x : numbers) x = uniform(engine);
    return {numbers, ascending_order(static_cast<int>(rows.size()))};
  }
};

TEST_P(EveryAggregation, IsFinite) {
  for (const GradientSet& set : gradient_sets()) {
    for (auto type : {at::kDouble, at::kFloat}) {
      for (double x : run(set.rows, inputs_for(set.rows), type)) EXPECT_TRUE(std::isfinite(x)) << set.name;
    }
  }
}

TEST_P(EveryAggregation, OrderOfTasksDoesNotMatter) {
  for (const GradientSet& set : gradient_sets()) {
    const int tasks = static_cast<int>(set.rows.size());
    std::vector<int> position(set.rows.size());  // position[k]: where task k goes
    std::iota(position.begin(), position.end(), 0);
    std::rotate(position.begin(), position.begin() + 1, position.end());
    GivenNumbers inputs = inputs_for(set.rows);
    Rows moved(set.rows.size());
    Order order(set.rows.size());
    for (int k = 0; k < tasks; ++k) {
      const auto from = static_cast<std::size_t>(k), to = static_cast<std::size_t>(position[from]);
      moved[to] = set.rows[from];
      for (int j : inputs.order[from]) order[to].push_back(position[static_cast<std::size_t>(j)]);
    }
    const Vector expected = run(set.rows, inputs);
    inputs.order = order;
    EXPECT_LE(distance(run(moved, inputs), expected), GetParam().tolerance * longest(set.rows)) << set.name;
  }
}

TEST_P(EveryAggregation, SinglePrecisionDiffersByItsRoundingOnly) {
  for (const GradientSet& set : gradient_sets()) {
    Rows rounded = set.rows;
    for (Vector& row : rounded) {
      for (double& x : row) x = static_cast<float>(x);
    }
    const Vector expected = run(rounded, inputs_for(rounded));
    const double size = std::max(longest(rounded), norm(expected));
    EXPECT_LE(distance(run(rounded, inputs_for(rounded), at::kFloat), expected), 1e-6 * size) << set.name;
  }
}

TEST_P(EveryAggregation, LeavesItsInputAsItWas) {
  const Rows rows = {{1, -2, 0}, {-2, 3, 0}};
  const at::Tensor g = tensor_of(rows);
  aggregate(GetParam().aggregation, g, inputs_for(rows), protocol());
  EXPECT_EQ(values_of(g), (Vector{1, -2, 0, -2, 3, 0}));
}

TEST_P(EveryAggregation, GivesOneGradientOfTheInputsType) {
  const Rows rows = {{1, -2, 0}, {-2, 3, 0}};
  const at::Tensor out = aggregate(GetParam().aggregation, tensor_of(rows, at::kFloat), inputs_for(rows), protocol());
  EXPECT_EQ(out.scalar_type(), at::kFloat);
  EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{3}));
}

TEST_P(EveryAggregation, NonFiniteGradientNamesTheTask) {
  for (double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    const Rows rows = {{1, 2}, {1, bad}, {2, 2}};
    try {
      run(rows, inputs_for(rows));
      FAIL() << "no exception";
    } catch (const std::domain_error& e) {
      EXPECT_STREQ(e.what(), "gradient of task 1 is not finite");
    }
  }
}

TEST_P(EveryAggregation, OneTaskKeepsItsDirection) {
  const Rows rows = {{1, -2, 3}};
  const Vector out = run(rows, inputs_for(rows));
  EXPECT_NEAR(dot(out, rows[0]), norm(out) * norm(rows[0]), 1e-12);
}

TEST_P(EveryAggregation, WrongShapeThrows) {
  const Rows rows = {{1, 2}};
  EXPECT_THROW(aggregate(GetParam().aggregation, tensor_of(rows).squeeze(0), inputs_for(rows), protocol()),
               std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryAggregation, testing::ValuesIn(claims(true)), claim_name);

// What holds under the paper's protocol alone: the released code's epsilons are absolute.
class PaperAggregation : public EveryAggregation {};

// Of length at most that of K gradients and a half more: no degenerate case blows up.
TEST_P(PaperAggregation, IsNoLongerThanTheTasksTogether) {
  for (const GradientSet& set : gradient_sets()) {
    const double bound = 1.5 * static_cast<double>(set.rows.size()) * longest(set.rows);
    EXPECT_LE(norm(run(set.rows, inputs_for(set.rows))), bound) << set.name;
  }
}

TEST_P(PaperAggregation, ScalesWithItsGradients) {
  for (const GradientSet& set : gradient_sets()) {
    for (double scale : {1e-15, 0.3, 1e10}) {
      Rows scaled = set.rows;
      for (Vector& row : scaled) {
        for (double& x : row) x *= scale;
      }
      Vector expected = run(set.rows, inputs_for(set.rows));
      for (double& x : expected) x *= scale;
      EXPECT_LE(distance(run(scaled, inputs_for(set.rows)), expected), GetParam().tolerance * longest(scaled))
          << set.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, PaperAggregation, testing::ValuesIn(claims(false)), claim_name);

TEST(Aggregate, AsksOnlyForTheNumbersThatTheMethodNeeds) {
  const at::Tensor two = tensor_of({{1, -2}, {-2, 3}}), three = tensor_of({{1, -2}, {-2, 3}, {1, 1}});
  EXPECT_NO_THROW(aggregate("none", three));
  EXPECT_NO_THROW(aggregate("cagrad", three));
  EXPECT_NO_THROW(aggregate("pcgrad", two));
  EXPECT_THROW(aggregate("pcgrad", three), std::logic_error);
  EXPECT_THROW(aggregate("graddrop", two), std::logic_error);
}

TEST_P(EveryAggregation, SavedStateLoadsAndAForeignOneIsRefused) {
  const auto aggregator = make_aggregator(GetParam().aggregation, protocol());
  const nlohmann::json state = aggregator->save();
  EXPECT_NO_THROW(aggregator->load(state));
  EXPECT_THROW(aggregator->load(nlohmann::json{{"aggregation", "another"}}), std::invalid_argument);
  EXPECT_EQ(aggregator->save(), state);
}

TEST(MakeAggregator, NameWithoutAMakerThrows) { EXPECT_THROW(make_aggregator("cagrat", {}), std::invalid_argument); }

}  // namespace
}  // namespace mtlgrid
