// mtlgrid with one method more.
#include "orchestrator/commands/program.h"
#include "tests/end_to_end/extra_method/steady_row.h"

int main(int argc, char** argv) {
  mtlgrid::register_aggregation(mtlgrid::kSteady);
  return mtlgrid::run_program(argc, argv);
}
