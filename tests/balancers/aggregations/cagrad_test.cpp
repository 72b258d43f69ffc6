#include "balancers/aggregations/cagrad.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

GramMatrix gram_of(const Rows& rows) { return gram_matrix(tensor_of(rows)); }

Vector cagrad(const Rows& rows, double c = kCagradC, const Protocol& protocol = {}) {
  return combination(rows, cagrad_coefficients(gram_of(rows), c, protocol));
}

// The mean gradient g0, phi = c |g0|, and the dual objective at a point of the simplex, on the vectors themselves.
struct Problem {
  Rows rows;
  Vector mean;
  double phi;
  explicit Problem(const Rows& r, double c) : rows(r), mean(sum_of(r)) {
    for (double& x : mean) x /= static_cast<double>(r.size());
    phi = c * norm(mean);
  }
  double objective(const Vector& w) const {
    const Vector point = combination(rows, w);
    return dot(point, mean) + phi * norm(point);
  }
  double size() const { return longest(rows) * (norm(mean) + phi); }  // what errors of the objective are relative to
  // M holds directions of g_w to half its digits only where the gradients all but cancel.
  double rounding() const { return 1e-8 * longest(rows) * longest(rows); }
};

TEST(CaGrad, EqualsTorchJdAfterItsFactor) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  int compared = 0;
  for (const auto& c : data.at("cases")) {
    if (c.at("cagrad").is_null()) continue;
    const Rows rows = c.at("gradients");
    Vector out = cagrad(rows);
    for (double& x : out) x *= (1 + kCagradC * kCagradC) / static_cast<double>(rows.size());
    Vector theirs = c.at("cagrad");
    for (double& x : theirs) x *= (1 + kCagradC * kCagradC) / static_cast<double>(rows.size());
    EXPECT_LE(distance(out, theirs), 2e-5 * longest(rows)) << c.at("name");  // the accuracy of their solver
    ++compared;
  }
  EXPECT_GE(compared, 15);
}

// SLSQP on the authors' objective: good to the root of its rounding, 1e-8, in w.
TEST(CaGrad, EqualsTheAuthorsAlgorithmWrittenOutUnderBothProtocols) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  int paper = 0, released = 0;
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    if (!c.at("cagrad_written_out").is_null()) {
      EXPECT_LE(distance(cagrad(rows), c.at("cagrad_written_out")), 1e-6 * longest(rows)) << c.at("name");
      ++paper;
    }
    if (!c.at("cagrad_released").is_null()) {
      const Vector out = cagrad(rows, kCagradC, Protocol::released_code());
      EXPECT_LE(distance(out, c.at("cagrad_released")), 1e-6 * longest(rows)) << c.at("name");
      ++released;
    }
  }
  EXPECT_GE(paper, 15);
  EXPECT_EQ(released, 9);
}

TEST(CaGrad, TwoTasksAreSolvedToTwelveDigits) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  for (const auto& c : data.at("two_tasks")) {
    const Rows m = c.at("gram");
    const GramMatrix gram{2, {m[0][0], m[0][1], m[1][0], m[1][1]}};
    const Vector w = cagrad_simplex_point(gram, kCagradC, {});
    EXPECT_NEAR(w[0], c.at("w").get<double>(), 1e-12) << c;
    EXPECT_EQ(w[0] + w[1], 1);
    EXPECT_NEAR(cagrad_simplex_point(gram, kCagradC, Protocol::released_code())[0], c.at("w_released").get<double>(),
                1e-12)
        << c;
  }
}

TEST(CaGrad, WeightsLieOnTheSimplex) {
  for (const GradientSet& set : gradient_sets()) {
    for (double c : {0.0, 0.4, 1.0, 3.0}) {
      const Vector w = cagrad_simplex_point(gram_of(set.rows), c, {});
      double sum = 0;
      for (double x : w) {
        EXPECT_GE(x, 0) << set.name;
        sum += x;
      }
      EXPECT_NEAR(sum, 1, 1e-12) << set.name;
    }
  }
}

// No point of the simplex is better: first-order conditions at w*, where g_w is not 0 and the objective has a gradient.
TEST(CaGrad, OptimalityConditionsHold) {
  for (const GradientSet& set : gradient_sets()) {
    for (double c : {0.2, 0.4, 0.9}) {
      const Problem problem(set.rows, c);
      const Vector w = cagrad_simplex_point(gram_of(set.rows), c, {});
      const Vector point = combination(set.rows, w);
      if (norm(point) <= 1e-6 * longest(set.rows)) continue;  // its direction is rounding; see the next test
      Vector slope;
      for (const Vector& row : set.rows) {
        slope.push_back(dot(row, problem.mean) + problem.phi * dot(row, point) / norm(point));
      }
      const double level = dot(w, slope), smallest = *std::min_element(slope.begin(), slope.end());
      EXPECT_GE(smallest, level - 1e-8 * problem.size() - problem.rounding()) << set.name << " c = " << c;
    }
  }
}

// Strong duality: the worst-off task's gain at g (before the factors) is the minimum of the dual, so both are optimal.
TEST(CaGrad, WorstOffTasksGainIsTheMinimumOfTheDual) {
  for (const GradientSet& set : gradient_sets()) {
    for (double c : {0.2, 0.4, 0.9}) {
      const Problem problem(set.rows, c);
      Vector g = cagrad(set.rows, c);
      for (double& x : g) x *= (1 + c * c) / static_cast<double>(set.rows.size());
      double gain = std::numeric_limits<double>::infinity();
      for (const Vector& row : set.rows) gain = std::min(gain, dot(row, g));
      const double dual = problem.objective(cagrad_simplex_point(gram_of(set.rows), c, {}));
      EXPECT_LE(gain, dual + 1e-10 * problem.size()) << set.name << " c = " << c;
      const bool at_kink = set.name.find("zero") != std::string::npos;  // g_w = 0: the rule's update is not the optimum
      if (at_kink) continue;
      EXPECT_GE(gain, dual - 2e-7 * problem.size() - problem.rounding()) << set.name << " c = " << c;
    }
  }
}

TEST(CaGrad, RandomPointsOfTheSimplexAreNoBetter) {
  std::mt19937_64 engine(7);
  std::exponential_distribution<double> exponential;
  for (const GradientSet& set : gradient_sets()) {
    const Problem problem(set.rows, kCagradC);
    const double best = problem.objective(cagrad_simplex_point(gram_of(set.rows), kCagradC, {}));
    for (int trial = 0; trial < 200; ++trial) {
      Vector w;
      for (std::size_t k = 0; k < set.rows.size(); ++k) w.push_back(std::pow(exponential(engine), 1 + trial % 3));
      double sum = 0;
      for (double x : w) sum += x;
      for (double& x : w) x /= sum;
      EXPECT_GE(problem.objective(w), best - 1e-12 * problem.size() - problem.rounding()) << set.name;
    }
  }
}

TEST(CaGrad, StaysWithinItsBallAroundTheMean) {
  for (const GradientSet& set : gradient_sets()) {
    for (double c : {0.0, 0.2, 0.4, 0.9}) {
      const Problem problem(set.rows, c);
      Vector g = cagrad(set.rows, c);
      for (double& x : g) x *= (1 + c * c) / static_cast<double>(set.rows.size());
      EXPECT_LE(distance(g, problem.mean), problem.phi * (1 + 1e-6) + 1e-14 * longest(set.rows)) << set.name;
    }
  }
}

TEST(CaGrad, WithoutRadiusIsTheSum) {
  for (const GradientSet& set : gradient_sets()) {
    EXPECT_LE(distance(cagrad(set.rows, 0), sum_of(set.rows)), 1e-14 * longest(set.rows)) << set.name;
  }
}

TEST(CaGrad, OpposesNoTaskFromRadiusOne) {
  for (const GradientSet& set : gradient_sets()) {
    if (set.name.find("opposite") != std::string::npos) continue;  // g_w = 0: K g0 / (1 + c^2) opposes the shorter one
    for (double c : {1.0, 2.0}) {
      const Vector g = cagrad(set.rows, c);
      const double scale = longest(set.rows) * longest(set.rows);
      for (const Vector& row : set.rows) EXPECT_GE(dot(g, row), -1e-7 * scale) << set.name << " c = " << c;
    }
  }
}

TEST(CaGrad, ZeroGradientOfOneTaskLeavesTheScaledMean) {
  const Vector g = cagrad({{1, 2}, {0, 0}});
  EXPECT_DOUBLE_EQ(g[0], 1 / 1.16);  // K g0 / (1 + c^2)
  EXPECT_DOUBLE_EQ(g[1], 2 / 1.16);
}

TEST(CaGrad, IdenticalGradientsAreScaledAlike) {
  for (std::size_t tasks : {1, 2, 3}) {
    const Vector g = cagrad(Rows(tasks, Vector{3, -4}));
    EXPECT_NEAR(g[0], static_cast<double>(tasks) * 3 * 1.4 / 1.16, 1e-12);
  }
}

TEST(CaGrad, EqualAndOppositeGradientsCancel) { EXPECT_NEAR(norm(cagrad({{1, 2}, {-1, -2}})), 0, 1e-15); }

// With two tasks and a third that is never the worst off, the third gets no weight and the other two their old shares.
TEST(CaGrad, ManyTasksAgreeWithTwo) {
  const Rows two = {{1, 0.2, 0}, {-0.8, 0.5, 0.1}};
  Rows three = two;
  three.push_back(sum_of(two));
  for (double& x : three[2]) x *= 0.5;  // their mean: g0 and the hull stay as they are
  const Vector pair = cagrad(two), triple = cagrad(three);
  for (std::size_t j = 0; j < pair.size(); ++j) EXPECT_NEAR(triple[j], pair[j] * 1.5, 1e-12);
}

TEST(CaGrad, EpsilonsVanishForLongGradients) {
  for (const GradientSet& set : gradient_sets()) {
    if (set.name.rfind("random", 0) != 0) continue;
    Rows rows = set.rows;
    for (Vector& row : rows) {
      for (double& x : row) x *= 1e8;
    }
    EXPECT_LE(distance(cagrad(rows), cagrad(rows, kCagradC, Protocol::released_code())), 1e-9 * longest(rows));
  }
}

TEST(CaGrad, BadRadiusAndTooManyTasksThrow) {
  const GramMatrix gram = gram_of({{1, 0}, {0, 1}});
  EXPECT_THROW(cagrad_coefficients(gram, -0.1, {}), std::invalid_argument);
  EXPECT_THROW(cagrad_coefficients(gram, std::numeric_limits<double>::quiet_NaN(), {}), std::invalid_argument);
  EXPECT_THROW(cagrad_coefficients(GramMatrix{17, Vector(17 * 17, 1.0)}, 0.4, {}), std::invalid_argument);
  EXPECT_THROW(cagrad_coefficients(GramMatrix{}, 0.4, {}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid
