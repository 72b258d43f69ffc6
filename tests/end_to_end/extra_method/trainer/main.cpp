// mtlgrid-trainer with one method more.
#include "balancers/aggregations/make_aggregator.h"
#include "tests/end_to_end/extra_method/steady.h"
#include "tests/end_to_end/extra_method/steady_row.h"
#include "trainer/program/program.h"

int main(int argc, char** argv) {
  mtlgrid::register_aggregation(mtlgrid::kSteady, mtlgrid::make_steady);
  return mtlgrid::run_trainer(argc, argv);
}
