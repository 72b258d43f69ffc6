// The executable mtlgrid-trainer.
#include "trainer/program/program.h"

int main(int argc, char** argv) { return mtlgrid::run_trainer(argc, argv); }
