#include "results/metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "results/metrics/metric_checks.h"

namespace mtlgrid {
namespace {

constexpr const char* kOneClass = "one class only";

// Patients in descending order of score; `ends_tie` marks the last one of each group of equal scores.
struct Ranked {
  std::vector<std::size_t> patient;
  std::vector<int> label;
  std::vector<char> ends_tie;

  Ranked(std::span<const int> y, std::span<const double> score) {
    require_same_length(y.size(), score.size());
    require_labels(y);
    require_finite(score, "score");
    for (std::size_t i = 0; i < y.size(); ++i) patient.push_back(i);
    std::stable_sort(patient.begin(), patient.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
    for (std::size_t k = 0; k < patient.size(); ++k) {
      label.push_back(y[patient[k]]);
      ends_tie.push_back(k + 1 == patient.size() || score[patient[k]] != score[patient[k + 1]]);
    }
  }
};

// Mann-Whitney: pairs (positive, negative) with the positive above, ties one half; in integers, so exact.
Resampled ranked_auroc(const Ranked& ranked, std::span<const int> multiplicity) {
  std::int64_t positives = 0, negatives = 0, tied_positives = 0, tied_negatives = 0, twice_pairs = 0;
  for (std::size_t k = 0; k < ranked.patient.size(); ++k) {
    const int m = multiplicity[ranked.patient[k]];
    tied_positives += m * ranked.label[k];
    tied_negatives += m * (1 - ranked.label[k]);
    if (!ranked.ends_tie[k]) continue;
    twice_pairs += tied_negatives * (2 * positives + tied_positives);
    positives += tied_positives;
    negatives += tied_negatives;
    tied_positives = tied_negatives = 0;
  }
  if (positives == 0 || negatives == 0) return undefined(kOneClass);
  return defined(static_cast<double>(twice_pairs) /
                 (2.0 * static_cast<double>(positives) * static_cast<double>(negatives)));
}

// sum over distinct thresholds of (recall_k - recall_{k-1}) precision_k, thresholds descending.
Resampled ranked_average_precision(const Ranked& ranked, std::span<const int> multiplicity) {
  std::int64_t drawn = 0, positives = 0, positives_before = 0;
  double sum = 0;
  for (std::size_t k = 0; k < ranked.patient.size(); ++k) {
    const int m = multiplicity[ranked.patient[k]];
    drawn += m;
    positives += m * ranked.label[k];
    if (!ranked.ends_tie[k] || positives == positives_before) continue;
    sum +=
        static_cast<double>(positives - positives_before) * static_cast<double>(positives) / static_cast<double>(drawn);
    positives_before = positives;
  }
  if (positives == 0 || positives == drawn) return undefined(kOneClass);
  return defined(sum / static_cast<double>(positives));
}

}  // namespace

ResampledMetric resampled_auroc(std::span<const int> label, std::span<const double> score) {
  const auto ranked = std::make_shared<const Ranked>(label, score);
  return [ranked](std::span<const int> multiplicity) { return ranked_auroc(*ranked, multiplicity); };
}

ResampledMetric resampled_average_precision(std::span<const int> label, std::span<const double> score) {
  const auto ranked = std::make_shared<const Ranked>(label, score);
  return [ranked](std::span<const int> multiplicity) { return ranked_average_precision(*ranked, multiplicity); };
}

ResampledMetric resampled_cross_entropy(std::span<const int> label, std::span<const double> log_odds) {
  require_same_length(label.size(), log_odds.size());
  require_labels(label);
  require_finite(log_odds, "log-odds");
  std::vector<double> loss(label.size());
  for (std::size_t i = 0; i < label.size(); ++i) {
    const double x = label[i] == 1 ? -log_odds[i] : log_odds[i];  // -log P(label) = log(1 + e^x)
    loss[i] = std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  return [loss](std::span<const int> multiplicity) { return mean_over(multiplicity, loss); };
}

ResampledMetric resampled_f1(std::span<const int> label, std::span<const double> score) {
  require_same_length(label.size(), score.size());
  require_labels(label);
  require_finite(score, "score");
  // 2 TP / (2 TP + FP + FN): a patient adds label * called to TP and label + called to the denominator.
  std::vector<int> both(label.size()), either(label.size());
  for (std::size_t i = 0; i < label.size(); ++i) {
    const int called = score[i] > 0.5;
    both[i] = label[i] * called;
    either[i] = label[i] + called;
  }
  return [both, either](std::span<const int> multiplicity) {
    std::int64_t numerator = 0, denominator = 0;
    for (std::size_t i = 0; i < both.size(); ++i) {
      numerator += 2 * multiplicity[i] * both[i];
      denominator += multiplicity[i] * either[i];
    }
    if (denominator == 0) return undefined("no positives, neither true nor predicted");
    return defined(static_cast<double>(numerator) / static_cast<double>(denominator));
  };
}

Estimate auroc(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_auroc(label, score), label.size());
}
Estimate average_precision(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_average_precision(label, score), label.size());
}
Estimate cross_entropy(std::span<const int> label, std::span<const double> log_odds) {
  return on_everyone(resampled_cross_entropy(label, log_odds), label.size());
}
Estimate f1(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_f1(label, score), label.size());
}

}  // namespace mtlgrid
