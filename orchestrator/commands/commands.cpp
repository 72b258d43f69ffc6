#include "orchestrator/commands/commands.h"

#include "base/errors.h"
#include "orchestrator/config/nearest.h"

namespace mtlgrid {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"plan", "checks everything a run needs and prints what it would be; writes nothing", "mtlgrid plan grid.ini",
       run_plan},
      {"run", "trains the cells that are not done yet, alone or under mpirun; running it again resumes",
       "mpirun -n 4 --bind-to none mtlgrid run grid.ini --only 'biomarker=MSI,fold=0'", run_run},
      {"cell", "trains one cell again; --verify compares it with the result that counts",
       "mtlgrid cell grid.ini MSI/LF/autol+cagrad/3 --verify", run_cell},
      {"status", "cells by state, failures with their cause, throughput and remaining time",
       "mtlgrid status results/grid.db --why MSI/LF/naive/0", run_status},
      {"query", "views and read-only SQL; without arguments lists the views",
       "mtlgrid query results/grid.db --view method_ranking --format csv", run_query},
      {"tables", "makes Tables 1 and 2 and the tables per auxiliary; marks what is missing",
       "mtlgrid tables results/grid.db --out tables --format md,csv", run_tables},
      {"predict", "a trained cell on a new cohort: a table of every patient's score, and metrics where labels are",
       "mtlgrid predict results/grid.db MSI/LF/autol+cagrad/3 --slides new/slide.csv --features new/feats --out "
       "new.csv",
       run_predict},
      {"export", "writes a cell's best weights as a PyTorch state dict with the released code's names",
       "mtlgrid export results/grid.db MSI/LF/autol+cagrad/3 --out weights.pt", run_export},
      {"synth", "writes synthetic cohorts in STAMP's format and a configuration for them",
       "mtlgrid synth demo --patients 60 --tiles 12", run_synth},
  };
  return kCommands;
}

const Command& command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& c : commands()) {
    if (c.name == name) return c;
    names.push_back(c.name);
  }
  throw InputError("unknown command '" + name + "'" + did_you_mean(name, names) + "; mtlgrid --help lists all");
}

}  // namespace mtlgrid
