#include "results/tables/table_source.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "results/grids/grid_choice.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

static_assert(std::endian::native == std::endian::little, "embeddings are stored little-endian");

constexpr std::size_t kShownName = 40;       // columns
constexpr std::size_t kLongestName = 4096;   // bytes; guessed: far above any name or reason
constexpr std::size_t kShownPerMixture = 4;  // the names of many GPUs would fill the page

std::vector<std::string> texts(Statement query) {
  std::vector<std::string> out;
  while (query.step()) out.push_back(query.text(0));
  return out;
}

// The place of a name that read_grid() found; open_for_reading() sees to it that there is no other.
std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error(ErrorKind::fatal, "tables: '" + name + "' is in no list of the grid's names");
  return static_cast<std::size_t>(found - names.begin());
}

// "version: 0.1.0 (590 cells), 0.2.0 (5 cells)"; "" where all cells agree.
std::string mixture(Statement query, const std::string& what) {
  std::vector<std::string> values;
  while (query.step()) values.push_back(query.text(0) + " (" + query.text(1) + ")");
  if (values.size() < 2) return "";
  std::string line = what + ": ";
  for (std::size_t i = 0; i < std::min(values.size(), kShownPerMixture); ++i) line += (i ? ", " : "") + values[i];
  if (values.size() > kShownPerMixture) {
    line += " and " + std::to_string(values.size() - kShownPerMixture) + " more";
  }
  return line;
}

}  // namespace

TableSource::TableSource(const std::filesystem::path& store, std::optional<std::int64_t> grid)
    : store_(store), database_(open_copy_for_reading(store)) {
  grid_.grid_id = choose_grid(database_, grid);
  read_grid();
}

void TableSource::read_grid() {
  const auto of_grid = [&](std::string_view sql, const std::string& biomarker = "") {
    Statement query = database_.prepare(sql);
    query.bind(1, grid_.grid_id);
    if (!biomarker.empty()) query.bind(2, biomarker);
    return query;
  };
  grid_.methods = texts(of_grid(
      "SELECT m.name FROM methods m WHERE m.name IN (SELECT method FROM cells WHERE grid_id = ?) ORDER BY m.position"));
  for (const std::string& name :
       texts(of_grid("SELECT biomarker FROM cells WHERE grid_id = ? GROUP BY biomarker ORDER BY min(cell_id)"))) {
    TableBiomarker biomarker{name, {}, {}};
    biomarker.auxiliaries = texts(of_grid(
        "SELECT auxiliary FROM cells WHERE grid_id = ? AND biomarker = ? GROUP BY auxiliary ORDER BY min(cell_id)",
        name));
    Statement cohorts = of_grid(
        "SELECT cohort, label FROM evaluation_cohorts WHERE grid_id = ? AND biomarker = ? ORDER BY position, cohort",
        name);
    while (cohorts.step()) biomarker.cohorts.push_back({cohorts.text(0), cohorts.text(1)});
    grid_.biomarkers.push_back(std::move(biomarker));
  }
}

std::vector<TableCell> TableSource::cells(const TableBiomarker& biomarker) const {
  Statement query = database_.prepare(
      "SELECT cell_id, result_attempt, auxiliary, method, fold, repeat FROM cells WHERE grid_id = ? AND biomarker = ? "
      "ORDER BY cell_id");
  query.bind_all(grid_.grid_id, biomarker.name);
  std::vector<TableCell> cells;
  while (query.step()) {
    cells.push_back({query.integer(0), query.integer(1), index_of(biomarker.auxiliaries, query.text(2)),
                     index_of(grid_.methods, query.text(3)), static_cast<int>(query.integer(4)),
                     static_cast<int>(query.integer(5))});
  }
  return cells;
}

void TableSource::require(bool holds, const TableCell& cell, const std::string& cohort, const std::string& what) const {
  if (holds) return;
  throw written_by_no_run(store_, "cell " + std::to_string(cell.cell_id) + ", attempt " + std::to_string(cell.attempt) +
                                      ", on " + cut_to(printable(cohort), kShownName) + ": " + what);
}

std::map<std::string, Estimate> TableSource::metrics(const TableCell& cell, const std::string& cohort) const {
  Statement query =
      database_.prepare("SELECT metric, value, reason FROM metrics WHERE cell_id = ? AND attempt = ? AND cohort = ?");
  query.bind_all(cell.cell_id, cell.attempt, cohort);
  std::map<std::string, Estimate> metrics;
  while (query.step()) {
    require(query.is_null(1) || std::isfinite(query.real(1)), cell, cohort, "a metric is infinite");
    require(query.length(0) + query.length(2) <= kLongestName, cell, cohort, "a metric's name or reason is too long");
    metrics[query.text(0)] = {query.real(1), query.text(2)};
  }
  return metrics;
}

std::vector<Prediction> TableSource::predictions(const TableCell& cell, const std::string& cohort) const {
  Statement query = database_.prepare(
      "SELECT patient, label, score, log_odds, target, prediction FROM predictions "
      "WHERE cell_id = ? AND attempt = ? AND cohort = ? ORDER BY position");
  query.bind_all(cell.cell_id, cell.attempt, cohort);
  std::vector<Prediction> predictions;
  const auto number = [&](int column) { return query.is_null(column) || std::isfinite(query.real(column)); };
  while (query.step()) {
    require(query.length(0) <= kLongestName, cell, cohort, "a patient's name is too long");
    const std::int64_t label = query.integer(1);
    require(label == 0 || label == 1, cell, cohort, "the label " + std::to_string(label));
    require(std::isfinite(query.real(2)) && std::isfinite(query.real(3)), cell, cohort,
            "a score or log-odds is missing or infinite");
    require(number(4) && number(5), cell, cohort, "a target or prediction is infinite");
    predictions.push_back({cohort, query.text(0), static_cast<int>(query.integer(1)), query.real(2), query.real(3),
                           query.real(4), query.real(5)});
  }
  return predictions;
}

std::vector<std::vector<float>> TableSource::embeddings(const TableCell& cell, const std::string& cohort) const {
  Statement query = database_.prepare(
      "SELECT e.vector FROM predictions p LEFT JOIN embeddings e USING (cell_id, attempt, cohort, patient) "
      "WHERE p.cell_id = ? AND p.attempt = ? AND p.cohort = ? ORDER BY p.position");
  query.bind_all(cell.cell_id, cell.attempt, cohort);
  std::vector<std::vector<float>> embeddings;
  bool complete = true;
  while (query.step()) {
    complete = complete && !query.is_null(0);
    const auto bytes = query.blob(0);
    std::vector<float> values(bytes.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    require(!complete || embeddings.empty() || values.size() == embeddings.front().size(), cell, cohort,
            "embeddings of different lengths");
    require(std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }), cell, cohort,
            "an embedding with a number that is not finite");
    embeddings.push_back(std::move(values));
  }
  return complete ? embeddings : std::vector<std::vector<float>>{};
}

double TableSource::test_over_train(const TableBiomarker& biomarker) const {
  Statement splits = database_.prepare(
      "SELECT count(*) FILTER (WHERE role = 'test'), count(*) FILTER (WHERE role <> 'test') FROM splits WHERE grid_id "
      "= ? "
      "AND biomarker = ?");
  splits.bind_all(grid_.grid_id, biomarker.name);
  splits.step();
  const double test = splits.real(0), train = splits.real(1);
  if (test > 0 && train > 0) return test / train;
  std::set<int> folds;
  for (const TableCell& cell : cells(biomarker)) folds.insert(cell.fold);
  return 1.0 / std::max(1.0, static_cast<double>(folds.size()) - 1);
}

std::vector<std::string> TableSource::mixtures(const std::optional<std::pair<std::string, std::string>>& pair) const {
  static constexpr std::pair<const char*, const char*> kColumns[] = {
      {"version", "version"}, {"libraries", "libraries"}, {"device", "device"},
      {"cpu", "CPU"},         {"threads", "threads"},     {"pack", "cells in a pack"}};
  std::vector<std::string> lines;
  for (const auto& [column, what] : kColumns) {
    const std::string of_pair = pair ? " AND c.biomarker = ? AND c.auxiliary = ?" : "";
    Statement query = database_.prepare(std::string("SELECT a.") + column +
                                        ", count(*) FROM cells c JOIN attempts a ON a.cell_id = c.cell_id AND "
                                        "a.attempt = c.result_attempt WHERE c.grid_id = ?" +
                                        of_pair + " GROUP BY 1 ORDER BY 2 DESC, 1");
    query.bind(1, grid_.grid_id);
    if (pair) {
      query.bind(2, pair->first);
      query.bind(3, pair->second);
    }
    const std::string line = mixture(std::move(query), what);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace mtlgrid
