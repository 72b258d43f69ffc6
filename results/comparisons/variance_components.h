// Where the variation of a metric comes from: methods, folds, repeats, and the rest.
//
// The method of moments on a balanced design (Searle, Casella and McCulloch, Variance Components, 1992, chapter 4):
// mean squares of the analysis of variance are set equal to their expectations. With a methods, b folds, c repeats and
// residual variance s:
//
//   crossed, fold f having the same patients in every repeat: y_mfr = mu + M_m + F_f + R_r + e_mfr
//     source    degrees of freedom     expected mean square
//     method    a - 1                  s + b c var(M)
//     fold      b - 1                  s + a c var(F)
//     repeat    c - 1                  s + a b var(R)
//     residual  a b c - a - b - c + 2  s
//   nested, folds drawn again in every repeat: y_mfr = mu + M_m + R_r + F_f(r) + e_mfr
//     method    a - 1                  s + b c var(M)
//     fold      c (b - 1)              s + a var(F)
//     repeat    c - 1                  s + a var(F) + a b var(R)
//     residual  (a - 1)(b c - 1)       s
//
// The residual contains every interaction, so also that of method and fold, which is what makes differences of methods
// vary. Variation from other patients is not in these values; a bootstrap over patients has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

enum class FoldDesign { crossed, nested };

struct VarianceComponent {
  std::int64_t degrees_of_freedom = 0;
  double mean_square = kMissing;
  double variance = kMissing;  // in squared units of the values; never negative
  bool set_to_zero = false;    // the estimate was negative: this source shows no variation beyond the rest
};

struct VarianceComponents {
  double mean = kMissing;
  VarianceComponent method, fold, repeat, residual;
  std::string reason;  // why there are no components; empty where there are
};

// `values` [method][fold][repeat], the last index fastest. No components for fewer than two methods, folds or repeats.
// An estimate below 0 is set to 0 and flagged, the others stay as they are; in the nested design var(R) is taken with
// the mean square of folds, not with the var(F) that was set to 0. Errors: std::invalid_argument unless there are
// methods * folds * repeats values, Error(fatal) for one that is not finite.
VarianceComponents variance_components(std::span<const double> values, std::size_t methods, std::size_t folds,
                                       std::size_t repeats, FoldDesign design);

}  // namespace mtlgrid
