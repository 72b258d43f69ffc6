// The command `query`: views and read-only SQL.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "datasets/errors.h"
#include "orchestrator/command_options.h"
#include "orchestrator/commands.h"
#include "orchestrator/nearest.h"
#include "results/query.h"
#include "results/reading.h"
#include "results/status.h"

namespace mtlgrid {
namespace {

QueryFormat format(const std::string& name) {
  const auto names = split_list("--format", name, {"table", "csv", "json"});
  if (names.size() != 1) throw InputError("--format: one of table, csv, json");
  return names[0] == "table" ? QueryFormat::table : names[0] == "csv" ? QueryFormat::csv : QueryFormat::json;
}

QueryResult list_views(const std::string& store) {
  QueryResult listed{{"view", "shows"}, {}};
  for (const auto& [name, shows] : views(store)) listed.rows.push_back({name, shows});
  return listed;
}

// All rows of a view that are of one grid; every view has the column grid_id.
QueryResult rows_of_view(const std::string& store, const std::string& view, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  std::vector<std::string> known;
  for (const auto& entry : views(store)) known.push_back(entry.first);
  if (std::find(known.begin(), known.end(), view) == known.end()) {
    throw InputError(fmt::format("{}: there is no view '{}'{}", store, view, did_you_mean(view, known)));
  }
  Statement rows = database.prepare(fmt::format("SELECT * FROM \"{}\" WHERE grid_id = ?", view));
  rows.bind_all(choose_grid(database, grid));
  return fetch(rows);
}

}  // namespace

int run_query(const std::vector<std::string>& arguments) {
  CommandOptions options("query");
  options.store()
      .argument("SQL", "one read-only statement; without it and --view the views are listed", false)
      .option("view", "NAME", "all rows of a view, of the grid chosen")
      .option("format", "KIND", "table, csv or json", "table");
  if (!options.parse(arguments)) return 0;
  const auto store = options.get<std::string>("STORE");
  const QueryFormat kind = format(options.get<std::string>("format"));
  const bool sql = options.has("SQL"), view = options.has("view");
  if (sql && view) throw InputError("query: give either SQL or --view");
  if (options.grid() && !view) throw InputError("query: --grid goes with --view; SQL chooses by grid_id");
  const QueryResult result = sql    ? query(store, options.get<std::string>("SQL"))
                             : view ? rows_of_view(store, options.get<std::string>("view"), options.grid())
                                    : list_views(store);
  std::cout << render(result, kind);
  return 0;
}

}  // namespace mtlgrid
