#include "orchestrator/commands/other_grids.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/text.h"
#include "results/grids/grid_difference.h"
#include "results/grids/stored_grid.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kOnOneLine = 2;     // differences that the first line itself names
constexpr std::size_t kWarned = 3;        // differences that a run names
constexpr std::size_t kOthersListed = 8;  // grids that `plan` lists besides the nearest

struct Other {
  StoredGrid grid;
  GridDifferences differences;
};

struct Standing {
  std::optional<StoredGrid> own;  // the plan's grid, if the store holds it
  std::vector<Other> others;      // nearest first: with results before those without, then by number of differences
};

Standing standing_of(const Plan& plan, const Database& database) {
  Standing standing;
  std::optional<GridContent> here;  // as large as the grid: made where there is another one
  for (StoredGrid& grid : read_grids(database)) {
    if (grid.slides) continue;
    if (grid.identity == plan.grid.identity) {
      standing.own = std::move(grid);
    } else {
      if (!here) here = content_of(plan.grid);
      GridDifferences found = differences(*here, read_content(database, grid.id));
      standing.others.push_back({std::move(grid), std::move(found)});
    }
  }
  const auto rank = [](const Other& other) {
    return std::tuple(other.grid.done == 0, other.differences.count(), -other.grid.done, -other.grid.id);
  };
  std::stable_sort(standing.others.begin(), standing.others.end(),
                   [&](const Other& a, const Other& b) { return rank(a) < rank(b); });
  return standing;
}

// Seconds of training that the results of a grid took, a pack's shared among its cells; 0 if not known.
double training_seconds(const Database& database, std::int64_t grid) {
  Statement sum = database.prepare(
      "SELECT sum((a.ended - a.started) / max(a.pack, 1)) FROM cells c JOIN attempts a ON a.cell_id = c.cell_id AND "
      "a.attempt = c.result_attempt WHERE c.grid_id = ?");
  sum.bind_all(grid);
  return sum.step() && !sum.is_null(0) ? sum.real(0) : 0;
}

// `cells`: how many a run trains.
std::string cost(const Plan& plan, std::size_t cells, const Database& database, const StoredGrid& other) {
  std::string text = fmt::format("  a run trains {}{} of it", cells == plan.grid.cells.size() ? "all " : "",
                                 counted(static_cast<std::int64_t>(cells), "cell"));
  if (other.done == 0) return text;
  const double seconds = training_seconds(database, other.id);
  return text + fmt::format("; grid {} keeps its {}{}", other.id, counted(other.done, "result"),
                            seconds > 0 ? fmt::format(", which took {} of training", spoken_duration(seconds)) : "");
}

// In full: what differs (at most `most` lines, if there are more than fit on one), the cost and the way back.
std::vector<std::string> in_full(const Plan& plan, std::size_t cells, const Database& database,
                                 const Standing& standing, std::size_t most) {
  const Other& nearest = standing.others.front();
  const std::vector<std::string> differing = nearest.differences.lines();
  const bool short_list = differing.size() <= kOnOneLine;
  const std::string own =
      standing.own ? fmt::format(" (grid {} of this store, without results)", standing.own->id) : "";
  std::vector<std::string> lines = {fmt::format(
      "Grid {}{} is not grid {} of this store ({}): {}", plan.grid.identity.substr(0, 12), own, nearest.grid.id,
      nearest.grid.progress(),
      short_list ? fmt::format("{}", fmt::join(differing, "; ")) : fmt::format("{} differences", differing.size()))};
  if (!short_list) {
    const bool cut = differing.size() > most;
    const std::size_t shown = cut ? most - 1 : differing.size();
    for (std::size_t i = 0; i < shown; ++i) lines.push_back("  " + differing[i]);
    if (cut) lines.push_back(fmt::format("  and {} more, which `mtlgrid plan` lists", differing.size() - shown));
  }
  lines.push_back(cost(plan, cells, database, nearest.grid));
  lines.push_back(fmt::format("  to continue grid {} instead: {}", nearest.grid.id, nearest.differences.way_back()));
  return lines;
}

void list_others(const Standing& standing, std::size_t from, std::vector<std::string>& lines) {
  const std::size_t end = std::min(standing.others.size(), from + kOthersListed);
  for (std::size_t i = from; i < end; ++i) {
    const auto& [grid, differing] = standing.others[i];
    const std::vector<std::string> all = differing.lines();
    lines.push_back(fmt::format("  not grid {} ({}): {}{}", grid.id, grid.progress(), all.front(),
                                all.size() > 1 ? fmt::format("; and {} more", all.size() - 1) : ""));
  }
  if (end < standing.others.size()) {
    lines.push_back(fmt::format("  nor {} more, which `mtlgrid status` lists", standing.others.size() - end));
  }
}

// [bootstrap] is not part of a grid, so results keep the intervals that they were committed with.
void note_bootstrap(const Plan& plan, const Database& database, const Standing& standing,
                    std::vector<std::string>& lines) {
  if (!standing.own || standing.own->done == 0) return;
  const nlohmann::json settings = read_content(database, standing.own->id).settings;
  if (!settings.is_object() || !settings.contains("bootstrap")) return;
  const nlohmann::json& there = settings["bootstrap"];
  const nlohmann::json here = plan.config.bootstrap;
  for (const auto& [key, value] : here.items()) {
    if (!there.contains(key) || there[key] == value) continue;
    lines.push_back(
        fmt::format("[bootstrap] {} {}, before {}: the {} of grid {} that are there keep their intervals, new cells "
                    "get the new ones",
                    key, value.dump(), there[key].dump(), counted(standing.own->done, "result"), standing.own->id));
  }
}

}  // namespace

std::vector<std::string> other_grids(const Plan& plan, const Database& database) {
  const Standing standing = standing_of(plan, database);
  std::vector<std::string> lines;
  if (!standing.others.empty()) {
    if (standing.own && standing.own->done > 0) {
      lines.push_back(fmt::format("Grid {} is grid {} of this store ({})", standing.own->identity.substr(0, 12),
                                  standing.own->id, standing.own->progress()));
      list_others(standing, 0, lines);
    } else {
      lines = in_full(plan, plan.grid.cells.size(), database, standing, static_cast<std::size_t>(-1));
      list_others(standing, 1, lines);
    }
  }
  note_bootstrap(plan, database, standing, lines);
  return lines;
}

std::vector<std::string> new_grid_warning(const Plan& plan, std::size_t cells, const Database& database) {
  const Standing standing = standing_of(plan, database);
  std::vector<std::string> lines;
  const bool continued = standing.own && standing.own->done > 0;
  if (!standing.others.empty() && !continued) lines = in_full(plan, cells, database, standing, kWarned);
  note_bootstrap(plan, database, standing, lines);
  return lines;
}

bool holds_grid_of(const Plan& plan, const Database& database) {
  Statement find = database.prepare("SELECT 1 FROM grids WHERE identity = ?");
  return find.bind_all(plan.grid.identity).step();
}

}  // namespace mtlgrid
