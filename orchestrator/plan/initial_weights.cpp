#include "orchestrator/plan/initial_weights.h"

#include <fmt/format.h>

#include "trainer/formats/state_dict.h"

namespace mtlgrid {

PairProblems initial_weights_problems(const Plan& plan, const std::vector<Cell>& cells) {
  const Experiment& e = plan.experiment;
  PairProblems out;
  if (e.init.file.empty()) return out;
  for (const Cell& cell : cells) {
    const auto [entry, first] = out.try_emplace(fmt::format("{}/{}", cell.biomarker, cell.auxiliary));
    if (!first) continue;
    const Pair& pair = e.pair_of(cell);
    const std::int64_t width = e.cohorts[static_cast<std::size_t>(pair.training.cohort)].width;
    Problems problems;
    problems.collect(
        [&] { read_state_dict(e.init.file, make_layout(e.model, width, pair.label_column, pair.auxiliary_column)); });
    entry->second = problems.lines();
  }
  return out;
}

void throw_if_any(const PairProblems& problems) {
  Problems all;
  for (const auto& [pair, lines] : problems) {
    for (const std::string& line : lines) all.add(fmt::format("pair {}: {}", pair, line));
  }
  all.throw_if_any();
}

}  // namespace mtlgrid
