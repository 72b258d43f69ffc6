// What decides the results of a grid, by name and patient: from a plan, or as far as a store recorded it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "results/records/grid_record.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

struct GridContent {
  using Names = std::pair<std::string, std::string>;

  std::string identity;
  nlohmann::json settings;  // as the store keeps them
  // Whether everything below comes from the grid's registration. Grids of earlier versions recorded the splits alone:
  // then labels and targets are those of the patients with a prediction, and features are empty.
  bool recorded = false;
  std::map<std::string, std::map<std::string, std::string>> features;  // cohort, patient: hash
  std::map<Names, std::map<std::string, int>> labels;                  // biomarker and cohort, patient: 1 positive
  std::map<Names, std::map<std::string, double>> targets;  // cohort and column, patient: table units; NaN: none
  std::map<Names, std::map<std::pair<int, std::string>, std::string>> roles;  // pair, fold and patient: role
};

GridContent content_of(const GridRecord& grid);
// Of a grid that the database has. Grids of earlier versions cost a pass over the predictions of one method.
GridContent read_content(const Database& database, std::int64_t grid);

}  // namespace mtlgrid
