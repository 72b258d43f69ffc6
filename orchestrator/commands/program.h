// The program mtlgrid: finds the command, turns exceptions into exit statuses.
#pragma once

namespace mtlgrid {

// All of main(). Methods that a program has beyond the built-in ones are registered before this call.
int run_program(int argc, char** argv);

}  // namespace mtlgrid
