// The command `status`: how a grid stands.
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "orchestrator/command_options.h"
#include "orchestrator/commands.h"
#include "results/status.h"

namespace mtlgrid {
namespace {

constexpr const char* kHomeAndClear = "\x1b[H\x1b[J";  // cursor to the top left, then everything below it erased

// Prints again and again until no run holds the store. On a terminal each replaces the one before.
void watch(const std::string& store, std::optional<std::int64_t> grid, std::chrono::seconds interval) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  for (;;) {
    const StoreStatus status = read_status(store, grid);
    std::cout << (terminal ? kHomeAndClear : "") << render_status(status) << std::flush;
    if (status.holder.empty()) return;
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace

int run_status(const std::vector<std::string>& arguments) {
  CommandOptions options("status");
  options.store()
      .option("why", "CELL", "what happened to a cell, attempt by attempt")
      .flag("watch", "print again until no run holds the store")
      .number("interval", "SECONDS", "between two prints of --watch", 10);
  if (!options.parse(arguments)) return 0;
  const auto store = options.get<std::string>("STORE");
  const std::chrono::seconds interval(options.number_in("interval", 1, 86'400));
  if (options.has("why")) {
    const Cell cell = Cell::parse(options.get<std::string>("why"));
    std::cout << render(why(store, cell, options.grid()), QueryFormat::table);
  } else if (options.has("watch")) {
    watch(store, options.grid(), interval);
  } else {
    std::cout << render_status(read_status(store, options.grid()));
  }
  return 0;
}

}  // namespace mtlgrid
