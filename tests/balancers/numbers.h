// Vectors of plain numbers in the tests of balancers/.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace mtlgrid {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}
inline double norm(const Vector& x) { return std::sqrt(dot(x, x)); }
inline double distance(Vector x, const Vector& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= y.at(i);
  return norm(x);
}
inline Vector combination(const Rows& rows, const Vector& coefficients) {
  Vector out(rows[0].size(), 0.0);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (std::size_t j = 0; j < out.size(); ++j) out[j] += coefficients.at(k) * rows[k][j];
  }
  return out;
}
inline Vector sum_of(const Rows& rows) { return combination(rows, Vector(rows.size(), 1.0)); }
inline double longest(const Rows& rows) {
  double out = 0;
  for (const Vector& row : rows) out = std::max(out, norm(row));
  return out;
}

}  // namespace mtlgrid
