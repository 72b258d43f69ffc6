#include "orchestrator/commands/query_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "results/grids/grid_choice.h"
#include "results/grids/stored_grid.h"
#include "results/status/query_render.h"
#include "results/store/reading.h"

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

std::optional<std::int64_t> newest_grid_of_slides(const std::string& store) {
  std::optional<std::int64_t> newest;
  for (const StoredGrid& grid : read_grids(open_for_reading(store))) {
    if (grid.slides) newest = grid.id;
  }
  return newest;
}

// Throws InputError naming the nearest view if the view does not exist.
QueryResult view_of_grid(const CommandOptions& options, const std::string& store, const std::string& view) {
  std::vector<std::string> known;
  for (const auto& entry : views(store)) known.push_back(entry.first);
  if (std::find(known.begin(), known.end(), view) == known.end()) {
    throw InputError(fmt::format("{}: there is no view '{}'{}", store, view, did_you_mean(view, known)));
  }
  const bool of_slides = view == "slides" || view == "slide_counts";
  const std::optional<std::int64_t> slides = of_slides ? newest_grid_of_slides(store) : std::nullopt;
  if (slides && !options.grid()) return rows_of_view(store, view, *slides);
  return rows_of_view(store, view, chosen_grid(options, std::filesystem::path(store)));
}

// A mean over rows of several grids looks like one over a single grid.
void warn_of_other_grids(const std::string& store, const std::string& sql) {
  if (lower_ascii(sql).find("grid_id") != std::string::npos) return;
  const std::string note = note_on_sql(open_for_reading(store));
  if (!note.empty()) tell_line(note);
}

void declare_query(CommandOptions& options) {
  options.store()
      .argument("SQL", "one read-only statement; without SQL and --view, lists the views", false)
      .option("view", "NAME", "all rows of a view, for the chosen grid")
      .option("format", "KIND", "table, csv or json", "table");
}

int execute_query(const CommandOptions& options) {
  const auto store = options.get<std::string>("STORE");
  const QueryFormat kind = format(options.get<std::string>("format"));
  const bool sql = options.has("SQL"), view = options.has("view");
  if (sql && view) throw InputError("query: give either SQL or --view");
  if (options.grid() && !view) throw InputError("query: --grid works only with --view; in SQL, select by grid_id");
  const QueryResult result = sql    ? query(store, options.get<std::string>("SQL"))
                             : view ? view_of_grid(options, store, options.get<std::string>("view"))
                                    : list_views(store);
  if (sql) warn_of_other_grids(store, options.get<std::string>("SQL"));
  const std::string text = render(result, kind);
  // Programs get exact csv and json; on a terminal, control characters in the data must not act.
  put_result(isatty(STDOUT_FILENO) == 1 ? printable_lines(text) : text);
  return 0;
}

}  // namespace

Command query_command() {
  return {"query", "prints a view or the result of read-only SQL; without arguments lists the views",
          "mtlgrid query results/grid.db --view method_ranking --format csv", declare_query, execute_query};
}

}  // namespace mtlgrid
