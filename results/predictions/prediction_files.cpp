#include "results/predictions/prediction_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/decode.h"
#include "base/errors.h"
#include "results/grids/stored_classes.h"
#include "results/predictions/stored_predictions.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

nlohmann::json settings_of(const PredictionSource& source) {
  Statement settings = source.database.prepare("SELECT settings FROM grids WHERE grid_id = ?");
  settings.bind_all(source.grid);
  if (!settings.step()) throw InputError(fmt::format("there is no grid {}", source.grid));
  return decode_json(settings.text(0));
}

std::optional<std::string> number(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(fmt::format("{}", value));
}

// The names of the classes: [0] negative, [1] positive.
using Classes = std::array<std::string, 2>;

class StoredNames {
 public:
  explicit StoredNames(nlohmann::json settings) : settings_(std::move(settings)) {}

  // Empty texts where the store does not know them.
  const Classes& classes(const std::string& biomarker) {
    const auto found = classes_.find(biomarker);
    if (found != classes_.end()) return found->second;
    const LabelRule rule = stored_rule(settings_, biomarker);
    const auto first = [](const std::vector<std::string>& values) { return values.empty() ? "" : values.front(); };
    return classes_.emplace(biomarker, Classes{first(rule.negative), first(rule.positive)}).first->second;
  }
  std::string label_column(const std::string& biomarker) const { return stored_rule(settings_, biomarker).column; }
  std::string auxiliary_column(const Cell& cell) const {
    return stored_auxiliary_column(settings_, cell.biomarker, cell.auxiliary);
  }

 private:
  nlohmann::json settings_;
  std::map<std::string, Classes> classes_;
};

// A row of STAMP's file with its loss, by which the rows are sorted.
struct LossRow {
  double loss;
  std::vector<std::optional<std::string>> cells;
};

std::string sorted_csv(std::vector<std::string> columns, std::vector<LossRow> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const LossRow& a, const LossRow& b) { return a.loss < b.loss; });
  QueryResult table{std::move(columns), {}};
  for (LossRow& row : rows) {
    row.cells.push_back(fmt::format("{}", row.loss));
    table.rows.push_back(std::move(row.cells));
  }
  return render(table, QueryFormat::csv);
}

// STAMP applies a cross-entropy, with its softmax, to probabilities.
double stamp_loss(double of_true_class) {
  const double other = 1 - of_true_class;
  return std::log(std::exp(of_true_class) + std::exp(other)) - of_true_class;
}

std::string classification_csv(const CohortPredictions& predictions, const std::string& label, const Classes& names) {
  const std::size_t first = names[0] < names[1] ? 0 : 1;  // STAMP sorts the names of classes
  const std::array<std::size_t, 2> order = {first, 1 - first};
  std::vector<LossRow> rows;
  for (const StoredPrediction& row : predictions.rows) {
    if (!row.label) continue;
    const std::array<double, 2> probability = {1 - row.score, row.score};
    const std::size_t best = probability[order[1]] > probability[order[0]] ? order[1] : order[0];
    const auto truth = static_cast<std::size_t>(*row.label);
    rows.push_back(
        {stamp_loss(probability[truth]),
         {row.patient, names[truth], names[best], number(probability[order[0]]), number(probability[order[1]])}});
  }
  if (rows.empty()) return "";
  return sorted_csv({"PATIENT", label, "pred", label + "_" + names[order[0]], label + "_" + names[order[1]], "loss"},
                    std::move(rows));
}

std::string regression_csv(const CohortPredictions& predictions, const std::string& column) {
  std::vector<LossRow> rows;
  for (const StoredPrediction& row : predictions.rows) {
    if (std::isnan(row.target) || std::isnan(row.prediction)) continue;
    rows.push_back({std::abs(row.prediction - row.target), {row.patient, number(row.target), number(row.prediction)}});
  }
  return rows.empty() ? "" : sorted_csv({"PATIENT", column, "pred", "loss"}, std::move(rows));
}

class StampFolder {
 public:
  StampFolder(FileCalls& calls, const fs::path& folder) : calls_(calls), folder_(folder) {}

  void write(const fs::path& relative, const std::string& text) {
    if (text.empty()) return;
    const fs::path file = folder_ / relative;
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) throw FileError(file.parent_path(), "cannot be made", error.value());
    AtomicFileOptions again;
    again.durability = Durability::none;  // made again at any time
    write_by_rename(calls_, file, text, again);
    ++files_;
  }
  std::size_t files() const { return files_; }

 private:
  FileCalls& calls_;
  const fs::path& folder_;
  std::size_t files_ = 0;
};

}  // namespace

std::string prediction_csv(const PredictionSource& source) {
  StoredNames names(settings_of(source));
  std::string out;
  each_cohort(source.database, source.grid, source.cells, [&](const CohortPredictions& predictions) {
    const Cell& cell = predictions.cell;
    QueryResult table{{"biomarker", "auxiliary", "method", "fold", "repeat", "cohort", "patient", "class", "label",
                       "score", "log_odds", "target", "prediction"},
                      {}};
    for (const StoredPrediction& row : predictions.rows) {
      const auto label = row.label ? std::optional(std::to_string(*row.label)) : std::nullopt;
      const std::string name = row.label ? names.classes(cell.biomarker)[static_cast<std::size_t>(*row.label)] : "";
      table.rows.push_back({cell.biomarker, cell.auxiliary, cell.method, std::to_string(cell.fold),
                            std::to_string(cell.repeat), predictions.cohort, row.patient,
                            name.empty() ? std::nullopt : std::optional(name), label, number(row.score),
                            number(row.log_odds), number(row.target), number(row.prediction)});
    }
    const std::string text = render(table, QueryFormat::csv);
    out += out.empty() ? text : text.substr(text.find('\n') + 1);
  });
  return out;
}

std::size_t write_stamp_predictions(FileCalls& calls, const PredictionSource& source, const fs::path& folder) {
  StoredNames names(settings_of(source));
  StampFolder out(calls, folder);
  each_cohort(source.database, source.grid, source.cells, [&](const CohortPredictions& predictions) {
    const Cell& cell = predictions.cell;
    const Classes& classes = names.classes(cell.biomarker);
    if (classes[0].empty()) {
      throw InputError(
          fmt::format("the store does not know the negative value of {}; train a cell again with this "
                      "version (mtlgrid run CONFIG), which records it",
                      cell.biomarker));
    }
    const fs::path cohort = fs::path(cell.biomarker) / cell.auxiliary / cell.method / predictions.cohort;
    const std::string split = "split-" + cell.fold_name();
    out.write(cohort / split / "patient-preds.csv",
              classification_csv(predictions, names.label_column(cell.biomarker), classes));
    out.write(cohort / "regression" / split / fmt::format("patient-preds-{}.csv", cell.fold_name()),
              regression_csv(predictions, names.auxiliary_column(cell)));
  });
  return out.files();
}

std::string datasette_metadata(const Database& database, const std::string& name) {
  nlohmann::ordered_json tables = nlohmann::ordered_json::object();
  Statement views = database.prepare("SELECT view, description FROM view_help ORDER BY view");
  while (views.step()) tables[views.text(0)] = {{"description", views.text(1)}};
  const nlohmann::ordered_json metadata = {
      {"title", "mtlgrid: " + name},
      {"description",
       "Every value of the experiment. Views whose names begin with counted_ have the results that count."},
      {"databases", {{name, {{"tables", tables}}}}}};
  return metadata.dump(2) + "\n";
}

}  // namespace mtlgrid
