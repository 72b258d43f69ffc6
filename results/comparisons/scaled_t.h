// Student's t with a centre and a scale: what the t tests of this room take p, interval and regions from.
#pragma once

#include <utility>

namespace mtlgrid {

// P(below -rope), P(within) and P(above rope), which add up to 1.
struct ThreeRegions {
  double worse, equivalent, better;
};

struct ScaledT {
  double centre, scale, degrees_of_freedom;  // scale >= 0: 0 is a point, which has regions alone

  double t() const { return centre / scale; }
  double two_sided_p() const;  // that the centre is 0
  std::pair<double, double> interval(double confidence) const;
  // `rope` >= 0; with rope 0 nothing is equivalent. A point is in one region; at rope 0 a point at 0 is one half worse
  // and one half better.
  ThreeRegions regions(double rope) const;
};

}  // namespace mtlgrid
