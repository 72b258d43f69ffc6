#include "orchestrator/commands/tables_command.h"

#include <fmt/format.h>

#include <map>

#include "base/errors.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "results/grids/stored_grid.h"
#include "results/store/reading.h"
#include "results/tables/table_files.h"
#include "results/tables/tables.h"

namespace mtlgrid {
namespace {

std::vector<TableFormat> formats(const std::string& text) {
  std::vector<TableFormat> out;
  for (const std::string& name : split_list("--format", text, {"md", "latex", "csv", "xlsx"})) {
    out.push_back(name == "md"      ? TableFormat::markdown
                  : name == "latex" ? TableFormat::latex
                  : name == "xlsx"  ? TableFormat::workbook
                                    : TableFormat::csv);
  }
  return out;
}

// `bootstrap` is what earlier versions called `patients`.
TableCi ci_of(const std::string& text) {
  static const std::map<std::string, TableCi> kKinds = {{"widest", TableCi::widest},
                                                        {"patients", TableCi::patients},
                                                        {"bootstrap", TableCi::patients},
                                                        {"patients+repeats", TableCi::patients_and_repeats},
                                                        {"folds", TableCi::folds}};
  const auto found = kKinds.find(text);
  if (found == kKinds.end()) {
    throw InputError(fmt::format("--ci: '{}' is none of widest, patients, patients+repeats, folds", text));
  }
  return found->second;
}

void declare_tables(CommandOptions& options) {
  const TableOptions defaults;
  options.store()
      .option("out", "DIR", "folder for the tables; created if missing", "tables")
      .option("format", "LIST", "comma-separated: md, latex, csv, xlsx", "md,latex,csv")
      .option("ci", "KIND",
              "what intervals cover: patients, patients+repeats, widest (of these, what the store allows); folds: "
              "percentiles of fold values, as in the released code",
              "widest")
      .option("reference", "METHOD", "the method that tables of comparisons compare the others with; default: baseline")
      .number("resamples", "N", "bootstrap replicates; 0: only DeLong's CIs and stars", defaults.resamples);
}

TableOrigin origin_of_chosen(const CommandOptions& options, const std::string& store) {
  const Database database = open_for_reading(store);
  const std::int64_t grid = chosen_grid(options, database);
  for (const StoredGrid& stored : read_grids(database)) {
    if (stored.id == grid && stored.slides) {
      throw InputError(
          fmt::format("grid {} is of slides, which have no tables; train a grid first: mtlgrid run CONFIG", grid));
    }
  }
  return origin_of(database, store, grid);
}

int execute_tables(const CommandOptions& options) {
  TableOptions tables;
  const std::vector<TableFormat> wanted = formats(options.get<std::string>("format"));
  if (options.has("reference")) tables.reference = options.get<std::string>("reference");
  tables.ci = ci_of(options.get<std::string>("ci"));
  tables.resamples = static_cast<int>(options.number_in("resamples", 0, 1'000'000));
  const auto store = options.get<std::string>("STORE"), out = options.get<std::string>("out");
  const TableOrigin origin = origin_of_chosen(options, store);
  tables.grid = origin.grid;
  if (const std::string note = check_table_folder(out, origin); !note.empty()) {
    tell_line(note);
  }
  const std::vector<PaperTable> made = paper_tables(store, tables);
  for (const auto& file : write_tables(made, wanted, out, origin)) {
    put_result(file.string() + "\n");
  }
  return 0;
}

}  // namespace

Command tables_command() {
  return {"tables", "writes Tables 1 and 2 and the tables per auxiliary; marks missing cells",
          "mtlgrid tables results/grid.db --out tables --format md,csv", declare_tables, execute_tables};
}

}  // namespace mtlgrid
