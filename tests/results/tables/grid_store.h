// A store with made-up results, written by SQL: for tests of what reads stores.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "results/metrics/bootstrap.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// What a cell predicts on a cohort; embeddings of the same patients in the same order.
struct MadeUpCell {
  std::vector<Prediction> predictions;
  std::vector<std::vector<float>> embeddings;
};

// The shape of a made-up grid: one biomarker, trained on TRAIN and tested on EXT.
struct MadeUpGrid {
  std::string biomarker = "MSI", train = "TRAIN", external = "EXT";
  std::vector<std::string> auxiliaries = {"LF", "SF"}, methods = {"baseline", "naive", "cagrad"};
  int folds = 3, repeats = 1;
  std::size_t train_patients = 45, external_patients = 30, width = 6;
  // How far a method's scores separate the classes; 0 is chance. The noise is the same for every method.
  std::function<double(const std::string& method)> strength = [](const std::string&) { return 1.0; };
  std::function<bool(const Cell&)> has_result = [](const Cell&) { return true; };
  std::function<Environment(const Cell&)> environment = [](const Cell&) {
    return Environment{"host", "cpu", "some CPU", "0.1.0", "libraries", 0, 1, 1, ""};
  };
  int resamples = 20;  // of the cells' own CIs
  // A cell on its fold or the external cohort; empty: made up by GridStore.
  std::function<MadeUpCell(const Cell&, bool external)> content;
};

class GridStore {
 public:
  GridStore(const std::filesystem::path& file, const MadeUpGrid& grid)
      : grid_(grid), database_(file, Database::Mode::create) {
    Transaction transaction(database_);
    create_schema(database_);
    add_grid();
    for (int repeat = 0; repeat < grid_.repeats; ++repeat) {
      for (const std::string& a : grid_.auxiliaries) {
        for (const std::string& m : grid_.methods) {
          for (int fold = 0; fold < grid_.folds; ++fold) add_cell({grid_.biomarker, a, m, fold, repeat});
        }
      }
    }
    transaction.commit();
  }

  Database& database() { return database_; }

  // Patients of a cohort as one cell predicts them: every third is positive; the noise depends on patient, auxiliary,
  // fold and repeat but not on the method.
  std::vector<Prediction> predictions(const Cell& cell, bool external) const {
    std::string name = cell.auxiliary + std::to_string(external ? cell.fold : -1);
    if (cell.repeat > 0) name += "." + std::to_string(cell.repeat);
    const RandomStream noise(5, name);
    const double strength = grid_.strength(cell.method);
    std::vector<Prediction> out;
    for (std::size_t i = 0; i < (external ? grid_.external_patients : grid_.train_patients); ++i) {
      if (!external && static_cast<int>(i) % grid_.folds != cell.fold) continue;
      Prediction p{external ? grid_.external : std::string(kTestCohort),
                   (external ? grid_.external : grid_.train).substr(0, 1).append(std::to_string(1000 + i))};
      p.label = (i / static_cast<std::size_t>(grid_.folds)) % 3 == 0;
      p.log_odds = strength * (p.label - 0.5) + 2 * noise.uniform_double(3 * i) - 1;
      p.score = 1 / (1 + std::exp(-p.log_odds));
      p.target = 100 * noise.uniform_double(3 * i + 1);
      p.prediction = cell.method == "baseline" ? kMissing : p.target + 50 * noise.uniform_double(3 * i + 2);
      out.push_back(p);
    }
    return out;
  }

  std::vector<std::vector<float>> embeddings(const std::vector<Prediction>& predictions) const {
    std::vector<std::vector<float>> out;
    for (const Prediction& p : predictions) {
      std::vector<float> values(grid_.width);
      for (std::size_t k = 0; k < values.size(); ++k) {
        values[k] = static_cast<float>(p.log_odds * static_cast<double>(k % 3) + p.target / 100);
      }
      out.push_back(values);
    }
    return out;
  }

 private:
  void add_grid() {
    database_.prepare("INSERT INTO grids VALUES (1, 'identity', '{}', 'content', 0)").run();
    Statement cohort = database_.prepare("INSERT INTO grid_cohorts VALUES (1, ?, ?, ?, ?)");
    cohort.bind_all(grid_.biomarker, 0, grid_.train, "train").run();
    cohort.bind_all(grid_.biomarker, 1, grid_.external, "external").run();
  }

  MadeUpCell content(const Cell& cell, bool external) const {
    if (grid_.content) return grid_.content(cell, external);
    const std::vector<Prediction> made = predictions(cell, external);
    return {made, embeddings(made)};
  }

  void add_cell(const Cell& cell) {
    const bool done = grid_.has_result(cell);
    Statement insert = database_.prepare("INSERT INTO cells VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind_all(++cell_id_, cell.biomarker, cell.auxiliary, cell.method, cell.fold, cell.repeat,
                    done ? "done" : "pending");
    if (done) insert.bind(8, 1);
    insert.run();
    if (!done) return;
    const Environment e = grid_.environment(cell);
    database_.prepare("INSERT INTO attempts VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, 'done', '', '', 1, 0)")
        .bind_all(cell_id_, e.host, e.rank, e.device, e.cpu, e.threads, e.pack, e.version, e.libraries, e.members)
        .run();
    const MadeUpCell test = content(cell, false), external = content(cell, true);
    add_results(kTestCohort, test.predictions, {});
    add_results(grid_.external, external.predictions, external.embeddings);
  }

  void add_results(const std::string& cohort, const std::vector<Prediction>& predictions,
                   const std::vector<std::vector<float>>& embeddings) {
    Statement insert = database_.prepare("INSERT INTO predictions VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)");
    Statement embed = database_.prepare("INSERT INTO embeddings VALUES (?, 1, ?, ?, ?, ?)");
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const Prediction& p = predictions[i];
      const auto position = static_cast<std::int64_t>(i);
      insert.bind_all(cell_id_, cohort, p.patient, position, p.label, p.score, p.log_odds, p.target, p.prediction)
          .run();
      if (embeddings.empty()) continue;
      embed.bind_all(cell_id_, cohort, p.patient, position);
      embed.bind_blob(5, std::as_bytes(std::span(embeddings[i])));
      embed.run();
    }
    Statement metric = database_.prepare("INSERT INTO metrics VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    std::int64_t position = 0;
    for (const MetricRow& m :
         cell_metrics(cohort, predictions, embeddings, {grid_.resamples, 0.95}, RandomStream(1, "bootstrap"))) {
      metric.bind_all(cell_id_, cohort, m.metric, position++, m.value, m.ci_low, m.ci_high, m.n, m.redrawn, m.reason)
          .run();
    }
  }

  MadeUpGrid grid_;
  Database database_;
  std::int64_t cell_id_ = 0;
};

}  // namespace mtlgrid
