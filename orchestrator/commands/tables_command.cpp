// The command `tables`: the paper's tables out of a store.
#include <iostream>

#include "base/errors.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/commands.h"
#include "results/tables/table_files.h"
#include "results/tables/tables.h"

namespace mtlgrid {
namespace {

std::vector<TableFormat> formats(const std::string& text) {
  std::vector<TableFormat> out;
  for (const std::string& name : split_list("--format", text, {"md", "latex", "csv"})) {
    out.push_back(name == "md" ? TableFormat::markdown : name == "latex" ? TableFormat::latex : TableFormat::csv);
  }
  return out;
}

}  // namespace

int run_tables(const std::vector<std::string>& arguments) {
  const TableOptions defaults;
  CommandOptions options("tables");
  options.store()
      .option("out", "DIR", "folder for the tables; made if missing", "tables")
      .option("format", "LIST", "comma-separated: md, latex, csv", "md,latex,csv")
      .option("ci", "KIND", "bootstrap: over patients; folds: percentiles of fold values, as the released code",
              "bootstrap")
      .number("resamples", "N", "bootstrap replicates; 0: neither CIs nor stars but DeLong's", defaults.resamples);
  if (!options.parse(arguments)) return 0;
  TableOptions tables;
  const std::vector<TableFormat> wanted = formats(options.get<std::string>("format"));
  const auto ci = split_list("--ci", options.get<std::string>("ci"), {"bootstrap", "folds"});
  if (ci.size() != 1) throw InputError("--ci: one of bootstrap, folds");
  tables.ci = ci[0] == "folds" ? TableCi::folds : TableCi::bootstrap;
  tables.resamples = static_cast<int>(options.number_in("resamples", 0, 1'000'000));
  tables.grid = options.grid();
  const std::vector<PaperTable> made = paper_tables(options.get<std::string>("STORE"), tables);
  for (const auto& file : write_tables(made, wanted, options.get<std::string>("out"))) {
    std::cout << file.string() << "\n";
  }
  return 0;
}

}  // namespace mtlgrid
