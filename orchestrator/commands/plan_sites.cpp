#include "orchestrator/commands/plan_sites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/text.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kValues = 12;  // shown of a fold

bool same_folds(const Pair& a, const Pair& b) {
  return a.biomarker == b.biomarker && a.training.patient == b.training.patient &&
         std::equal(a.folds.begin(), a.folds.end(), b.folds.begin(), b.folds.end(),
                    [](const PairFold& x, const PairFold& y) { return x.test == y.test && x.valid == y.valid; });
}

// Runs of pairs with the same folds, as (first, behind the last).
std::vector<std::pair<std::size_t, std::size_t>> runs_of(const std::vector<Pair>& pairs) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!runs.empty() && same_folds(pairs[runs.back().first], pairs[i])) {
      runs.back().second = i + 1;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  return runs;
}

std::string names_of(const std::vector<Pair>& pairs, std::pair<std::size_t, std::size_t> run) {
  std::vector<std::string> auxiliaries;
  for (std::size_t i = run.first; i < run.second; ++i) auxiliaries.push_back(pairs[i].auxiliary);
  return fmt::format("{}/{}", pairs[run.first].biomarker, fmt::join(auxiliaries, ", "));
}

// The values of rows, with the number of each.
std::string values_of(const PairSites& sites, const std::vector<int>& rows) {
  std::vector<std::size_t> count(sites.values.size(), 0);
  for (const int row : rows) ++count[static_cast<std::size_t>(sites.group[static_cast<std::size_t>(row)])];
  std::vector<std::string> shown;
  std::size_t more = 0;
  for (std::size_t g = 0; g < count.size(); ++g) {
    if (count[g] == 0) continue;
    if (shown.size() == kValues) {
      ++more;
    } else {
      shown.push_back(fmt::format("{} ({})", printable(sites.values[g]), count[g]));
    }
  }
  return fmt::format("{}{}", fmt::join(shown, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

std::vector<std::optional<std::string>> row_of(const std::string& name, const Pair& pair, const PairSites& sites,
                                               std::size_t fold) {
  const auto& [train, valid, test] = pair.folds[fold];
  const auto positives = std::count_if(test.begin(), test.end(), [&pair = pair](int row) {
    return pair.training.label[static_cast<std::size_t>(row)] == 1;
  });
  return {name,
          std::to_string(fold),
          std::to_string(test.size()),
          std::to_string(positives),
          fmt::format("{:.1f} %", 100 * static_cast<double>(positives) / static_cast<double>(test.size())),
          std::to_string(valid.size()),
          values_of(sites, test)};
}

std::string balance_of(const std::string& name, const Pair& pair, const PairSites& sites) {
  const double folds = static_cast<double>(pair.folds.size());
  const auto positives = std::count(pair.training.label.begin(), pair.training.label.end(), 1);
  const double negatives = static_cast<double>(pair.training.label.size()) - static_cast<double>(positives);
  const std::string found =
      sites.balance.best ? "the best division there is" : fmt::format("at best {:.2f}", sites.balance.possible);
  return fmt::format(
      "  {}: {} in {}; an equal share is {:.2f} positive and {:.2f} negative patients a fold, and the "
      "folds differ from it by up to {:.2f} ({})\n",
      name, counted(std::ssize(sites.values), "site group"), counted(std::ssize(pair.folds), "fold"),
      static_cast<double>(positives) / folds, negatives / folds, sites.balance.largest, found);
}

}  // namespace

std::string site_groups_text(const Plan& plan) {
  if (plan.config.groups.empty()) return "";
  QueryResult table{{"pair", "fold", "test patients", "positive", "share", "validation", "values (patients)"}, {}};
  std::string balances;
  const std::vector<Pair>& pairs = plan.experiment.pairs;
  for (const auto& run : runs_of(pairs)) {
    const Pair& pair = pairs[run.first];
    const PairSites& sites = plan.sites[run.first];
    const std::string name = names_of(pairs, run);
    for (std::size_t fold = 0; fold < pair.folds.size(); ++fold) {
      table.rows.push_back(row_of(name, pair, sites, fold));
    }
    if (sites.balance.largest > 0 || sites.balance.best) balances += balance_of(name, pair, sites);
  }
  return fmt::format("Folds of site groups: no value of '{}' is in two folds\n{}{}\n", plan.config.groups,
                     render(table, QueryFormat::table), balances);
}

}  // namespace mtlgrid
