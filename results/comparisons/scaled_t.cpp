#include "results/comparisons/scaled_t.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace mtlgrid {
namespace {

using boost::math::students_t;

ThreeRegions regions_of_point(double at, double rope) {
  const double half = rope == 0 && at == 0 ? 0.5 : 0.0;
  return {at < -rope ? 1 : half, 0, at > rope ? 1 : half};
}

}  // namespace

double ScaledT::two_sided_p() const { return 2 * cdf(complement(students_t(degrees_of_freedom), std::abs(t()))); }

std::pair<double, double> ScaledT::interval(double confidence) const {
  const double half = quantile(students_t(degrees_of_freedom), (1 + confidence) / 2) * scale;
  return {centre - half, centre + half};
}

ThreeRegions ScaledT::regions(double rope) const {
  ThreeRegions found = regions_of_point(centre, rope);
  if (scale > 0) {
    const students_t student(degrees_of_freedom);
    found.worse = cdf(student, (-rope - centre) / scale);
    found.better = cdf(complement(student, (rope - centre) / scale));
  }
  found.equivalent = rope == 0 ? 0 : std::max(0.0, 1 - found.worse - found.better);
  return found;
}

}  // namespace mtlgrid
