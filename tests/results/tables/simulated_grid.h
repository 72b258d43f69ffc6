// Simulated grids of two methods whose true AUROCs are known, with the dependences of real ones: patients shared by
// methods, folds that part them, repeats with random numbers shared by methods.
//
// Of patient i with label y, method m, fold f and repeat r:
//   log-odds = strength_mfr (y - 1/2) + noise of: patient i; (m, i); (f, i); (f, r, i); (m, f, r, i)
//   strength_mfr = strength_m + effects of: training cohort on m; f; (m, f); (f, r); (m, f, r)
// All are normal, the noise of total variance 1, so the AUROC of one trained model is Phi(strength_mfr / sqrt(2)).
// The shares of variance are those measured on the demo's grid with 3 repeats (docs/statistics.md).
#pragma once

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "results/metrics/classification.h"
#include "results/tables/cohort_cells.h"

namespace mtlgrid {

struct SimulatedGrid {
  std::size_t patients = 150;  // of the training cohort, and of the external one
  int folds = 5, repeats = 1;
  double prevalence = 0.35;
  double strength[2] = {0.954, 0.954};  // AUROC 0.75 without variation of training
};

// Standard deviations of strengths, and variances of noise.
struct MeasuredShares {
  double cohort = 0.1, fold = 0.2, method_fold = 0.1, run = 0.14, own_run = 0.33;
  double patient = 0.65, method_patient = 0.01, fold_patient = 0.07, run_patient = 0.13, own_patient = 0.14;
};

class Simulation {
 public:
  Simulation(const SimulatedGrid& grid, std::uint64_t seed) : grid_(grid), generator_(seed) {
    for (int m = 0; m < 2; ++m) cohort_[m] = shares_.cohort * normal();
    for (int f = 0; f < grid.folds; ++f) {
      const double shared = shares_.fold * normal();
      for (int m = 0; m < 2; ++m) fold_[m].push_back(shared + shares_.method_fold * normal());
    }
    for (int k = 0; k < grid.folds * grid.repeats; ++k) {
      const double shared = shares_.run * normal();
      for (int m = 0; m < 2; ++m) run_[m].push_back(shared + shares_.own_run * normal());
    }
  }

  // The expected AUROC of a method over other patients and repeats, with this training cohort and these folds.
  double truth_of_folds(int m) const {
    const double variance = 2 + std::pow(shares_.run, 2) + std::pow(shares_.own_run, 2);
    double sum = 0;
    for (const double f : fold_[m]) sum += phi((grid_.strength[m] + cohort_[m] + f) / std::sqrt(variance));
    return sum / grid_.folds;
  }
  // Over everything: other training cohorts and folds too.
  double truth(int m) const {
    double variance = 2;
    for (const double s : {shares_.cohort, shares_.fold, shares_.method_fold, shares_.run, shares_.own_run}) {
      variance += s * s;
    }
    return phi(grid_.strength[m] / std::sqrt(variance));
  }

  // All cells on the held-out folds, or on an external cohort.
  CohortCells cells(bool external) {
    const auto n = grid_.patients;
    std::vector<int> label(n);
    for (std::size_t i = 0; i < n; ++i) {  // every fold has its share of each class, as stratified folds do
      label[i] = static_cast<double>(i / static_cast<std::size_t>(grid_.folds)) + 0.5 <
                 grid_.prevalence * static_cast<double>(n) / grid_.folds;
    }
    const std::vector<double> patient = noise(n, shares_.patient);
    const std::vector<double> method[2] = {noise(n, shares_.method_patient), noise(n, shares_.method_patient)};
    CohortCells all = {"MSI", {"LF"}, {"baseline", "naive"}, {external ? "EXT" : kTestCohort, "simulated"}, {}};
    for (int f = 0; f < grid_.folds; ++f) {
      const std::vector<double> of_fold = noise(n, shares_.fold_patient);
      for (int r = 0; r < grid_.repeats; ++r) {
        const std::vector<double> of_run = noise(n, shares_.run_patient);
        for (int m = 0; m < 2; ++m) {
          const std::vector<double> own = noise(n, shares_.own_patient);
          const double strength = grid_.strength[m] + cohort_[m] + fold_[m][static_cast<std::size_t>(f)] +
                                  run_[m][static_cast<std::size_t>(f * grid_.repeats + r)];
          CohortCell cell = {{1, 1, 0, static_cast<std::size_t>(m), f, r}, {}, {}};
          for (std::size_t i = 0; i < n; ++i) {
            if (!external && static_cast<int>(i) % grid_.folds != f) continue;
            const double z = strength * (label[i] - 0.5) + patient[i] + method[m][i] + of_fold[i] + of_run[i] + own[i];
            cell.predictions.push_back(
                {all.cohort.key, std::to_string(i), label[i], 1 / (1 + std::exp(-z)), z, kMissing, kMissing});
          }
          cell.metrics[kAuroc] = auroc_of(cell.predictions);
          all.cells.push_back(std::move(cell));
        }
      }
    }
    return all;
  }

 private:
  double normal() { return distribution_(generator_); }
  static double phi(double x) { return boost::math::cdf(boost::math::normal(), x); }
  std::vector<double> noise(std::size_t n, double variance) {
    std::vector<double> values(n);
    for (double& v : values) v = std::sqrt(variance) * normal();
    return values;
  }
  static Estimate auroc_of(const std::vector<Prediction>& predictions) {
    std::vector<int> label;
    std::vector<double> score;
    for (const Prediction& p : predictions) {
      label.push_back(p.label);
      score.push_back(p.log_odds);
    }
    return auroc(label, score);
  }

  SimulatedGrid grid_;
  MeasuredShares shares_;
  std::mt19937_64 generator_;
  std::normal_distribution<double> distribution_;
  double cohort_[2];
  std::vector<double> fold_[2], run_[2];
};

}  // namespace mtlgrid
