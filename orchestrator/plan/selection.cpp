#include "orchestrator/plan/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/nearest.h"
#include "orchestrator/config/section_reader.h"

namespace mtlgrid {
namespace {

const std::vector<std::string> kKeys = {"biomarker", "auxiliary", "method", "fold", "repeat"};

std::string value_of(const Cell& cell, const std::string& key) {
  if (key == "biomarker") return cell.biomarker;
  if (key == "auxiliary") return cell.auxiliary;
  if (key == "method") return cell.method;
  return std::to_string(key == "fold" ? cell.fold : cell.repeat);
}

// Values that the cells have, in the order of the cells.
std::vector<std::string> known_values(const std::vector<Cell>& cells, const std::string& key) {
  std::vector<std::string> values;
  std::set<std::string> seen;
  for (const Cell& cell : cells) {
    if (std::string value = value_of(cell, key); seen.insert(value).second) values.push_back(std::move(value));
  }
  return values;
}

std::set<std::string> alternatives(const std::string& text) {
  std::string commas = text;
  std::replace(commas.begin(), commas.end(), '|', ',');
  const auto parts = split_commas(commas);
  return {parts.begin(), parts.end()};
}

using Terms = std::map<std::string, std::set<std::string>>;

void parse_term(const std::string& term, const std::vector<Cell>& cells, Terms& terms, Problems& problems) {
  const auto equals = term.find('=');
  const auto end = term.find_last_not_of(" \t", equals == 0 || equals == std::string::npos ? 0 : equals - 1);
  const std::string key = equals == std::string::npos ? term : term.substr(0, end + 1);
  if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
    return problems.add(fmt::format("--only: unknown key '{}'{}", key, did_you_mean(key, kKeys)));
  }
  if (equals == std::string::npos) return problems.add(fmt::format("--only: '{}' is not KEY=VALUE|VALUE", term));
  const std::set<std::string> values = alternatives(term.substr(equals + 1));
  const std::vector<std::string> known = known_values(cells, key);
  if (values.empty()) problems.add(fmt::format("--only: {} has no value; known: {}", key, fmt::join(known, ", ")));
  for (const std::string& value : values) {
    if (std::find(known.begin(), known.end(), value) != known.end()) continue;
    problems.add(fmt::format("--only: no cell has {} '{}'{}", key, value, did_you_mean(value, known)));
  }
  if (!terms.emplace(key, values).second) problems.add(fmt::format("--only: {} is given twice", key));
}

}  // namespace

std::vector<Cell> select_cells(const std::vector<Cell>& cells, const std::string& only) {
  Terms terms;
  Problems problems;
  for (const std::string& term : split_commas(only)) parse_term(term, cells, terms, problems);
  problems.throw_if_any();
  std::vector<Cell> selected;
  for (const Cell& cell : cells) {
    const bool wanted = std::all_of(terms.begin(), terms.end(),
                                    [&](const auto& term) { return term.second.contains(value_of(cell, term.first)); });
    if (wanted) selected.push_back(cell);
  }
  if (selected.empty() && !cells.empty()) throw InputError(fmt::format("--only: no cell matches '{}'", only));
  return selected;
}

}  // namespace mtlgrid
