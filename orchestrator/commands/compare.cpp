#include "orchestrator/commands/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mtlgrid {
namespace {

class Comparer {
 public:
  void number(double a, double b, const std::string& where) {
    if (a == b || (std::isnan(a) && std::isnan(b))) return;
    const double difference = std::isfinite(a) && std::isfinite(b) ? std::abs(a - b) : INFINITY;
    if (difference > kVerifyTolerance) return differ(where, fmt::format("{:.17g} against {:.17g}", a, b), difference);
    if (difference > out.largest) {
      out.largest = difference;
      if (out.verdict != Comparison::Verdict::different) out.where = where;
    }
    if (out.verdict == Comparison::Verdict::bit_equal) out.verdict = Comparison::Verdict::within_tolerance;
  }
  template <typename T>
  void same(const T& a, const T& b, const std::string& where) {
    if (a != b) differ(where, fmt::format("{} against {}", a, b), INFINITY);
  }
  void differ(const std::string& where, const std::string& values, double difference) {
    if (out.verdict != Comparison::Verdict::different) out.where = fmt::format("{}: {}", where, values);
    out.verdict = Comparison::Verdict::different;
    out.largest = std::max(out.largest, difference);
  }
  Comparison out;
};

void compare_epochs(const std::vector<EpochRow>& a, const std::vector<EpochRow>& b, Comparer& to) {
  to.same(a.size(), b.size(), "number of epochs");
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const auto field = [&](const char* name) { return fmt::format("epoch {}, {}", a[i].epoch, name); };
    to.number(a[i].train_classification, b[i].train_classification, field("training cross-entropy"));
    to.number(a[i].train_regression, b[i].train_regression, field("training squared error"));
    to.number(a[i].valid_classification, b[i].valid_classification, field("validation cross-entropy"));
    to.number(a[i].valid_regression, b[i].valid_regression, field("validation squared error"));
    to.number(a[i].weight_classification, b[i].weight_classification, field("weight of the classification"));
    to.number(a[i].weight_regression, b[i].weight_regression, field("weight of the regression"));
  }
}

template <typename Row>
void sort_by_patient(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return std::tie(a.cohort, a.patient) < std::tie(b.cohort, b.patient); });
}

void compare_predictions(std::vector<Prediction>& a, std::vector<Prediction>& b, Comparer& to) {
  to.same(a.size(), b.size(), "number of predictions");
  sort_by_patient(a);
  sort_by_patient(b);
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::string who = fmt::format("prediction for {} of {}", a[i].patient, a[i].cohort);
    to.same(a[i].cohort + "/" + a[i].patient, b[i].cohort + "/" + b[i].patient, "patients");
    to.same(a[i].label, b[i].label, who + ", label");
    to.number(a[i].score, b[i].score, who + ", score");
    to.number(a[i].log_odds, b[i].log_odds, who + ", log-odds");
    to.number(a[i].target, b[i].target, who + ", target");
    to.number(a[i].prediction, b[i].prediction, who + ", regression");
  }
}

void compare_embeddings(std::vector<Embedding>& a, std::vector<Embedding>& b, Comparer& to) {
  to.same(a.size(), b.size(), "number of embeddings");
  sort_by_patient(a);
  sort_by_patient(b);
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    to.same(a[i].values.size(), b[i].values.size(), "width of an embedding");
    for (std::size_t k = 0; k < std::min(a[i].values.size(), b[i].values.size()); ++k) {
      to.number(a[i].values[k], b[i].values[k], fmt::format("embedding of {} of {}", a[i].patient, a[i].cohort));
    }
  }
}

void compare_metrics(std::vector<MetricRow>& a, std::vector<MetricRow>& b, Comparer& to) {
  const auto before = [](const MetricRow& x, const MetricRow& y) {
    return std::tie(x.cohort, x.metric) < std::tie(y.cohort, y.metric);
  };
  to.same(a.size(), b.size(), "number of metrics");
  std::sort(a.begin(), a.end(), before);
  std::sort(b.begin(), b.end(), before);
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::string what = a[i].metric + " on " + a[i].cohort;
    to.same(what, b[i].metric + " on " + b[i].cohort, "metrics");
    to.number(a[i].value, b[i].value, what);
    to.number(a[i].ci_low, b[i].ci_low, what + ", CI");
    to.number(a[i].ci_high, b[i].ci_high, what + ", CI");
    to.same(a[i].n, b[i].n, what + ", n");
  }
}

std::vector<std::string> environment_differences(const Environment& a, const Environment& b) {
  std::vector<std::string> out;
  const auto check = [&](const char* name, const auto& x, const auto& y) {
    if (x != y) out.push_back(fmt::format("{}: {} against {}", name, x, y));
  };
  check("device", a.device, b.device);
  check("cpu", a.cpu, b.cpu);
  check("version", a.version, b.version);
  check("libraries", a.libraries, b.libraries);
  check("threads", a.threads, b.threads);
  check("pack", a.pack, b.pack);
  return out;
}

}  // namespace

Comparison compare_results(CellResult stored, CellResult fresh) {
  Comparer comparer;
  compare_epochs(stored.epochs, fresh.epochs, comparer);
  comparer.same(stored.best_epoch, fresh.best_epoch, "best epoch");
  compare_predictions(stored.predictions, fresh.predictions, comparer);
  compare_embeddings(stored.embeddings, fresh.embeddings, comparer);
  compare_metrics(stored.metrics, fresh.metrics, comparer);
  comparer.out.environment = environment_differences(stored.environment, fresh.environment);
  return comparer.out;
}

std::string Comparison::text() const {
  std::string line;
  switch (verdict) {
    case Verdict::bit_equal:
      line = "bit-equal";
      break;
    case Verdict::within_tolerance:
      line = fmt::format("equal within {:g}: largest difference {:.3g} ({})", kVerifyTolerance, largest, where);
      break;
    case Verdict::different:
      line = fmt::format("different: first at {}", where);
      break;
  }
  for (const std::string& difference : environment) line += "; " + difference;
  return line;
}

}  // namespace mtlgrid
