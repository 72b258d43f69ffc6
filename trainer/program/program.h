// The program mtlgrid-trainer: everything that needs torch. Started by `mtlgrid`, not by people.
#pragma once

namespace mtlgrid {

// All of main(). Methods that a program has beyond the built-in ones are registered before this call.
int run_trainer(int argc, char** argv);

}  // namespace mtlgrid
