#include "results/tables/cohort_replicates.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "balancers/methods/registry.h"
#include "results/metrics/prepare_metrics.h"
#include "results/metrics/replicates.h"
#include "results/tables/repeat_draws.h"
#include "results/tables/table_mean.h"

namespace mtlgrid {
namespace {

// The patients of a biomarker's cohort over all its cells, numbered in the order of their names.
class Cohort {
 public:
  void add(const std::vector<Prediction>& predictions) {
    for (const Prediction& p : predictions) number_.emplace(p.patient, 0);
  }
  void number() {
    std::size_t next = 0;
    for (auto& [name, index] : number_) index = next++;
  }
  std::size_t size() const { return number_.size(); }
  PatientSet set_of(const std::vector<Prediction>& predictions) const {
    PatientSet set;
    for (const Prediction& p : predictions) {
      set.patient.push_back(number_.at(p.patient));
      set.label.push_back(p.label);
    }
    return set;
  }

 private:
  std::map<std::string, std::size_t> number_;
};

// Runs `work(i)` for 0 <= i < n on all cores; the first exception is thrown again here.
void for_each_parallel(std::size_t n, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failing;
  const auto loop = [&] {
    try {
      for (std::size_t i = next++; i < n; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
    for (std::size_t i = 1; i < std::min(cores, n); ++i) threads.emplace_back(loop);
    loop();
  }
  if (failure) std::rethrow_exception(failure);
}

// A metric on every replicate; `patient` are the cohort's numbers of the cell's rows.
std::vector<double> evaluate(const PreparedMetric& prepared, const std::vector<std::size_t>& patient,
                             const Replicates& replicates) {
  std::vector<double> values(replicates.multiplicity.size(), kMissing);
  if (!prepared.function) return values;
  std::vector<int> own(prepared.rows.size());
  for (std::size_t r = 0; r < values.size(); ++r) {
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = replicates.multiplicity[r][patient[prepared.rows[i]]];
    values[r] = prepared.function(own).value;
  }
  return values;
}

}  // namespace

std::vector<CellPlace> places_of(const CellsOfMethod& cells) {
  std::vector<CellPlace> places;
  for (const CellValues* c : cells) places.push_back(c->cell.place());
  return places;
}

std::vector<double> values_of(const CellsOfMethod& cells, const Metric& metric) {
  std::vector<double> values;
  for (const CellValues* c : cells) values.push_back(c->metrics.at(metric.name).value);
  return values;
}

CohortReplicates::CohortReplicates(const CohortCells& cohort, const TableOptions& options)
    : options_(options), methods_(cohort.methods), external_(cohort.cohort.external()) {
  for (const CohortCell& c : cohort.cells) cells_.push_back({c.cell, c.metrics, {}, {}});
  if (options_.ci == TableCi::folds || options_.resamples <= 0) return;
  if (options_.ci != TableCi::patients) draw_repeats(cohort);
  replicate(cohort);
}

void CohortReplicates::draw_repeats(const CohortCells& cohort) {
  std::vector<CellPlace> results;
  for (const CellValues& c : cells_) {
    if (c.cell.attempt > 0) results.push_back(c.cell.place());
  }
  const RepeatDraws draws(options_.seed, cohort.biomarker, cohort.auxiliaries, results, options_.resamples);
  repeats_vary_ = draws.vary();
  if (!repeats_vary_) return;
  for (CellValues& c : cells_) {
    if (c.cell.attempt == 0) continue;
    for (int r = 0; r < options_.resamples; ++r) {
      c.repeat_weights.push_back(draws.weight(c.cell.place(), static_cast<std::size_t>(r)));
    }
  }
}

void CohortReplicates::replicate(const CohortCells& cohort) {
  Cohort patients;
  for (const CohortCell& c : cohort.cells) patients.add(c.predictions);
  patients.number();
  patients_ = patients.size();
  std::vector<PatientSet> sets;
  for (const CohortCell& c : cohort.cells) sets.push_back(patients.set_of(c.predictions));
  const std::set<PatientSet> distinct(sets.begin(), sets.end());
  const Replicates replicates =
      draw_replicates(patients.size(), std::vector<PatientSet>(distinct.begin(), distinct.end()), options_.resamples,
                      RandomStream(options_.seed, "tables/" + cohort.biomarker + "/" + cohort.cohort.key));
  redrawn_ = replicates.redrawn;
  exhausted_ = patients.size() > 0 && std::ssize(replicates.multiplicity) < options_.resamples;
  if (exhausted_) return;
  std::mutex reading;
  for_each_parallel(cells_.size(), [&](std::size_t i) {
    const std::vector<Prediction>& predictions = cohort.cells[i].predictions;
    if (predictions.empty()) return;
    std::vector<std::vector<float>> embeddings;
    if (cohort.embeddings) {
      const std::lock_guard lock(reading);
      embeddings = cohort.embeddings(cells_[i].cell);
    }
    for (const PreparedMetric& m : prepare_metrics(predictions, embeddings)) {
      cells_[i].replicates[m.metric->name] = evaluate(m, sets[i].patient, replicates);
    }
  });
}

CellsOfMethod CohortReplicates::cells_of(std::size_t method, const Metric& metric, std::optional<std::size_t> auxiliary,
                                         std::map<std::string, int>& undefined, int& want) const {
  CellsOfMethod cells;
  if (metric.kind == MetricKind::regression && !is_joint(methods_[method])) return cells;
  for (const CellValues& c : cells_) {
    if (c.cell.method != method || (auxiliary && c.cell.auxiliary != *auxiliary)) continue;
    ++want;
    if (c.cell.attempt == 0) continue;
    const auto found = c.metrics.find(metric.name);
    if (found != c.metrics.end() && !std::isnan(found->second.value)) {
      cells.push_back(&c);
    } else {
      ++undefined[found == c.metrics.end() ? "not recorded" : found->second.reason];
    }
  }
  return cells;
}

std::vector<double> CohortReplicates::means_of(const CellsOfMethod& cells, const Metric& metric, TableCi ci) const {
  std::vector<const std::vector<double>*> of_cell;
  for (const CellValues* c : cells) {
    const auto found = c->replicates.find(metric.name);
    if (found == c->replicates.end()) return {};
    of_cell.push_back(&found->second);
  }
  if (cells.empty()) return {};
  const std::vector<CellPlace> places = places_of(cells);
  std::vector<double> means(of_cell.front()->size()), values(of_cell.size());
  std::vector<int> weights(repeats_vary_ && ci != TableCi::patients ? of_cell.size() : 0);
  for (std::size_t r = 0; r < means.size(); ++r) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = (*of_cell[i])[r];
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = cells[i]->repeat_weights[r];
    means[r] = table_mean(places, values, weights);
  }
  return means;
}

}  // namespace mtlgrid
