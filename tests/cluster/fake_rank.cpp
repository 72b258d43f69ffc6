// A rank that starts `argv[2]` trainers, tells their process ids on stdout, and waits to be killed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cluster/supervisor.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  mtlgrid::TrainerCommand command;
  command.executable = argv[1];
  command.slots = std::atoi(argv[2]);
  command.log_folder = argv[3];
  const auto trainers = mtlgrid::make_trainer_processes(command);
  for (int slot = 0; slot < command.slots; ++slot) {
    trainers->start(slot);
    trainers->send(slot, {{"type", "surroundings"}});
    trainers->send(slot, {{"type", "hang"}});
  }
  for (;;) {
    for (const auto& event : trainers->poll()) {
      const auto* said = std::get_if<mtlgrid::TrainerMessage>(&event);
      if (said == nullptr) return 1;
      std::printf("%d\n", said->message["pid"].get<int>());
      std::fflush(stdout);
    }
    usleep(1000);
  }
}
