// The executable mtlgrid.
#include "orchestrator/commands/program.h"

int main(int argc, char** argv) { return mtlgrid::run_program(argc, argv); }
