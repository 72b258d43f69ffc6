// Liu et al. 2021, algorithm 1 and its dual, equation 4: with phi = c |g0| and g_w = sum_k w_k g_k,
//   w* = argmin over the simplex of g_w.g0 + phi |g_w|,   g = K (g0 + phi / |g_w| g_w) / (1 + c^2).
// The factor 1 / (1 + c^2) is the rescaling of the authors' code (rescale = 1), K makes it the gradient of a sum.
//
// The objective depends on w through the point p = g_w of the convex hull of the task gradients alone, and on the
// affine hull of some of them it has its minimum in closed form: with q the foot of the perpendicular from the origin,
// delta = |q|, and h the part of g0 along that hull,
//   F(q + v) = q.g0 + h.v + phi sqrt(delta^2 + |v|^2),   v* = -h delta / sqrt(phi^2 - |h|^2) for |h| < phi, else none.
// (An infimum at infinity, |h| >= phi, means that the minimum is on the hull's border, a smaller set of tasks.)
// By Caratheodory's theorem the minimum over the convex hull is the best of those closed forms, over all affinely
// independent sets of tasks, that have no negative weight. K = 2 has one such set besides the two tasks themselves.
//
// Departure under `epsilons` (the released code): |g0| = sqrt(mean(M) + 1e-8), phi = c |g0| + 1e-8, |g_w| in the
// objective is sqrt(|g_w|^2 + 1e-8), and the factor of g_w is phi / (|g_w| + 1e-8). Its optimiser (SLSQP from equal
// weights, tolerance 1e-6) is not reproduced: w* is exact here as well.
#include "balancers/aggregations/cagrad.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace mtlgrid {
namespace {

constexpr int kMostTasks = 16;  // 2^K sets of tasks are looked at

// Relative size below which a squared length computed from M is rounding: M's entries are rounded to 2^-53, and
// |q|^2 is a difference of them.
constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();

// The dual problem for M scaled to a largest diagonal entry in [1, 2), which leaves w* as it is.
struct Dual {
  GramMatrix gram;
  std::vector<double> linear;  // g_k.g0
  double phi = 0;              // c |g0|
  double epsilon = 0;          // added to |g_w|^2 under the root
  double factor_epsilon = 0;   // added to |g_w| below phi
};

struct Solution {
  std::vector<double> w;
  double length = 0;  // |g_w|, without the cancellation of w^T M w
};

double difference_of_products(double a, double b, double c, double d) {  // a b - c d to 1.5 ulp (Kahan)
  const double cd = c * d;
  return std::fma(a, b, -cd) + std::fma(-c, d, cd);
}

Dual make_dual(const GramMatrix& gram, double c, const Protocol& protocol) {
  if (gram.tasks < 1 || gram.tasks > kMostTasks) {
    throw std::invalid_argument("cagrad: " + std::to_string(gram.tasks) + " tasks, between 1 and " +
                                std::to_string(kMostTasks) + " are possible");
  }
  if (!(c >= 0) || !std::isfinite(c)) throw std::invalid_argument("cagrad: c must be a number not below 0");
  Dual dual{gram, std::vector<double>(static_cast<std::size_t>(gram.tasks), 0.0)};
  double largest = 0;
  for (int k = 0; k < gram.tasks; ++k) largest = std::max(largest, gram(k, k));
  const double scale = largest > 0 ? std::ldexp(1.0, std::ilogb(largest)) : 1;  // a power of 2: division is exact
  for (double& value : dual.gram.values) value /= scale;
  double total = 0;
  for (int k = 0; k < gram.tasks; ++k) {
    for (int j = 0; j < gram.tasks; ++j) dual.linear[static_cast<std::size_t>(k)] += dual.gram(k, j);
    total += dual.linear[static_cast<std::size_t>(k)];
    dual.linear[static_cast<std::size_t>(k)] /= gram.tasks;
  }
  const double mean_square = std::max(total, 0.0) / gram.tasks / gram.tasks;  // |g0|^2 = mean(M)
  const double eps = protocol.epsilons ? 1e-8 : 0;
  dual.phi = c * std::sqrt(mean_square + eps / scale) + eps / std::sqrt(scale);
  dual.epsilon = eps / scale;
  dual.factor_epsilon = eps / std::sqrt(scale);
  return dual;
}

// K = 2: one variable, x the weight of task 0. F'(x) = 0 is solved without a difference of near numbers, except the
// determinant, which is taken with Kahan's method.
Solution solve_two(const Dual& dual) {
  const double a = dual.gram(0, 0), b = dual.gram(1, 1), m = dual.gram(0, 1);
  const double apart = std::max((a - m) + (b - m), 0.0);  // |g_0 - g_1|^2
  double det = difference_of_products(a, b, m, m);
  if (det < kRounding * a * b) det = 0;                // parallel or opposite, or one of them zero
  const double smoothed = det + dual.epsilon * apart;  // delta^2 |g_0 - g_1|^2
  const double slope = 0.5 * (a - b);                  // (g_0 - g_1).g0
  const double bend = difference_of_products(dual.phi * apart, dual.phi, slope, slope);
  double x = 0.5;
  if (bend > 0) {
    x = ((b - m) - slope * std::sqrt(smoothed / bend)) / apart;
  } else if (slope != 0) {
    x = slope > 0 ? 0 : 1;
  }
  if (x >= 1) return {{1, 0}, std::sqrt(a)};
  if (x <= 0) return {{0, 1}, std::sqrt(b)};
  if (apart == 0) return {{x, 1 - x}, std::sqrt(a)};
  if (bend <= 0) return {{x, 1 - x}, std::sqrt(std::max(x * (x * a + 2 * (1 - x) * m) + (1 - x) * (1 - x) * b, 0.0))};
  const double along = slope * slope * smoothed / bend;  // |v|^2 |g_0 - g_1|^2
  return {{x, 1 - x}, std::sqrt((det + along) / apart)};
}

// The minimum over the affine hull of the tasks in `set` (their base first, the shortest of them).
struct Candidate {
  Solution solution;
  double value = std::numeric_limits<double>::infinity();  // of the objective
  std::size_t size = 0;                                    // tasks in the set
};

// Solves H y = r for each right-hand side by Cholesky's method, in place. False if H is singular to rounding.
bool solve_symmetric(std::vector<std::vector<double>> h, const std::vector<std::vector<double>*>& sides) {
  constexpr double kSmallestPivot = 1e-12;  // of the diagonal entry: such tasks are affinely dependent
  const std::size_t n = h.size();
  for (std::size_t i = 0; i < n; ++i) {
    const double diagonal = h[i][i];
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = h[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= h[i][k] * h[j][k];
      if (j < i) {
        h[i][j] = sum / h[j][j];
      } else {
        if (sum <= kSmallestPivot * diagonal) return false;
        h[i][i] = std::sqrt(sum);
      }
    }
  }
  for (auto* y : sides) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) (*y)[i] -= h[i][k] * (*y)[k];
      (*y)[i] /= h[i][i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) (*y)[i] -= h[k][i] * (*y)[k];
      (*y)[i] /= h[i][i];
    }
  }
  return true;
}

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

Candidate solve_hull(const Dual& dual, const std::vector<int>& set) {
  const GramMatrix& m = dual.gram;
  const int base = set[0];
  const std::size_t n = set.size() - 1;
  std::vector<std::vector<double>> h(n, std::vector<double>(n));  // Gram matrix of the edges g_i - g_base
  std::vector<double> to_base(n), to_mean(n);                     // their products with g_base and with g0
  for (std::size_t i = 0; i < n; ++i) {
    const int p = set[i + 1];
    for (std::size_t j = 0; j < n; ++j) {
      const int q = set[j + 1];
      h[i][j] = (m(p, q) - m(p, base)) - (m(base, q) - m(base, base));
    }
    to_base[i] = m(p, base) - m(base, base);
    to_mean[i] = dual.linear[static_cast<std::size_t>(p)] - dual.linear[static_cast<std::size_t>(base)];
  }
  std::vector<double> foot = to_base, along = to_mean;  // q = g_base - sum foot_i edge_i, h = sum along_i edge_i
  if (!solve_symmetric(std::move(h), {&foot, &along})) return {};
  double distance = m(base, base) - dot(to_base, foot);  // delta^2
  if (distance < n * 1e-13 * m(base, base)) distance = 0;
  const double bend = dual.phi * dual.phi - dot(to_mean, along);
  if (n > 0 && bend <= 0) return {};
  const double step = n > 0 ? std::sqrt((distance + dual.epsilon) / bend) : 0;
  Candidate out{{std::vector<double>(dual.linear.size(), 0.0)}, 0, set.size()};
  double rest = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = -foot[i] - step * along[i];
    if (weight < 0) return {};
    out.solution.w[static_cast<std::size_t>(set[i + 1])] = weight;
    rest -= weight;
  }
  if (rest < 0) return {};
  out.solution.w[static_cast<std::size_t>(base)] = rest;
  out.solution.length = std::sqrt(distance + step * step * dot(to_mean, along));
  out.value = dual.linear[static_cast<std::size_t>(base)] - dot(to_mean, foot) +
              std::sqrt((distance + dual.epsilon) * std::max(bend, 0.0));
  return out;
}

// Any K. Costs 2^K solves of at most K - 1 unknowns.
Solution solve_many(const Dual& dual) {
  constexpr double kTie = 1e-15;  // rounding of a value; a set contains the minimum of its subsets, so the larger wins
  std::vector<int> by_length(dual.linear.size());
  std::iota(by_length.begin(), by_length.end(), 0);
  std::stable_sort(by_length.begin(), by_length.end(), [&](int i, int j) { return dual.gram(i, i) < dual.gram(j, j); });
  Candidate best;
  for (unsigned mask = 1; mask < 1U << by_length.size(); ++mask) {
    std::vector<int> set;
    for (std::size_t k = 0; k < by_length.size(); ++k) {
      if (mask >> k & 1U) set.push_back(by_length[k]);
    }
    Candidate candidate = solve_hull(dual, set);
    const bool tie = std::abs(candidate.value - best.value) <= kTie;
    if (tie ? candidate.size > best.size : candidate.value < best.value) best = std::move(candidate);
  }
  return best.solution;
}

Solution solve(const Dual& dual) { return dual.gram.tasks == 2 ? solve_two(dual) : solve_many(dual); }

}  // namespace

std::vector<double> cagrad_simplex_point(const GramMatrix& gram, double c, const Protocol& protocol) {
  return solve(make_dual(gram, c, protocol)).w;
}

std::vector<double> cagrad_coefficients(const GramMatrix& gram, double c, const Protocol& protocol) {
  const Dual dual = make_dual(gram, c, protocol);
  const Solution solution = solve(dual);
  const double factor = solution.length > 0 ? dual.phi / (solution.length + dual.factor_epsilon) : 0;
  std::vector<double> coefficients;
  for (double w : solution.w) coefficients.push_back((1 + gram.tasks * factor * w) / (1 + c * c));
  return coefficients;
}

Aggregated CaGrad::aggregate(TaskGradients& gradients) {
  return {cagrad_coefficients(gradients.gram(), kCagradC, protocol_), {}};
}

}  // namespace mtlgrid
