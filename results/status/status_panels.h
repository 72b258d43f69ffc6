// Parts of the view of `mtlgrid status --watch`: lists with a heading, which the view cuts to its room.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/status/status.h"

namespace mtlgrid {

struct Panel {
  std::vector<std::string> lines;  // printable; the heading first; empty: there is nothing to show
  const char* items = "";          // what a line is: "workers"
  bool heading_counts = false;     // the heading says how many there are
};

// One line a worker, those in trouble first; the heading sums up.
Panel worker_panel(const StoreStatus& status);
// One line a running cell: its epoch, its losses in training and validation, and since when it runs.
Panel running_panel(const StoreStatus& status);
// The newest results with their AUROC, `at_most` so many.
Panel result_panel(const StoreStatus& status, std::size_t at_most);
// The newest attempts without a result.
Panel failure_panel(const StoreStatus& status);

// At most `room` lines of the panel, the last of which says what is left out; its first alone where there is room for
// one.
std::vector<std::string> shortened(const Panel& panel, std::size_t room);
// How many of `room` lines each panel gets: first two each, in their order, then the others in turn.
std::vector<std::size_t> shares_of(const std::vector<Panel>& panels, std::size_t room);

}  // namespace mtlgrid
