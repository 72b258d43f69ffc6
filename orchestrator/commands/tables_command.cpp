#include "orchestrator/commands/tables_command.h"

#include "base/errors.h"
#include "base/telling.h"
#include "orchestrator/commands/command_options.h"
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

void declare(CommandOptions& options) {
  const TableOptions defaults;
  options.store()
      .option("out", "DIR", "folder for the tables; created if missing", "tables")
      .option("format", "LIST", "comma-separated: md, latex, csv", "md,latex,csv")
      .option("ci", "KIND", "bootstrap: over patients; folds: percentiles of fold values, as in the released code",
              "bootstrap")
      .number("resamples", "N", "bootstrap replicates; 0: only DeLong's CIs and stars", defaults.resamples);
}

int run(const CommandOptions& options) {
  TableOptions tables;
  const std::vector<TableFormat> wanted = formats(options.get<std::string>("format"));
  const auto ci = split_list("--ci", options.get<std::string>("ci"), {"bootstrap", "folds"});
  if (ci.size() != 1) throw InputError("--ci: one of bootstrap, folds");
  tables.ci = ci[0] == "folds" ? TableCi::folds : TableCi::bootstrap;
  tables.resamples = static_cast<int>(options.number_in("resamples", 0, 1'000'000));
  tables.grid = options.grid();
  const std::vector<PaperTable> made = paper_tables(options.get<std::string>("STORE"), tables);
  for (const auto& file : write_tables(made, wanted, options.get<std::string>("out"))) {
    put_result(file.string() + "\n");
  }
  return 0;
}

}  // namespace

Command tables_command() {
  return {"tables", "writes Tables 1 and 2 and the tables per auxiliary; marks missing cells",
          "mtlgrid tables results/grid.db --out tables --format md,csv", declare, run};
}

}  // namespace mtlgrid
