#include "trainer/contract/experiment.h"

#include "base/errors.h"

namespace mtlgrid {

void to_json(nlohmann::json& j, const Experiment& e) {
  j = {{"grid", e.grid},         {"seed", e.seed},           {"model", e.model}, {"train", e.train},
       {"protocol", e.protocol}, {"bootstrap", e.bootstrap}, {"run", e.run},     {"init", e.init},
       {"cohorts", e.cohorts},   {"pairs", e.pairs}};
  if (e.extraction) j["extraction"] = *e.extraction;
}

void from_json(const nlohmann::json& j, Experiment& e) {
  j.at("grid").get_to(e.grid);
  j.at("seed").get_to(e.seed);
  j.at("model").get_to(e.model);
  j.at("train").get_to(e.train);
  j.at("protocol").get_to(e.protocol);
  j.at("bootstrap").get_to(e.bootstrap);
  j.at("run").get_to(e.run);
  j.at("init").get_to(e.init);
  j.at("cohorts").get_to(e.cohorts);
  j.at("pairs").get_to(e.pairs);
  e.extraction = j.contains("extraction") ? std::optional(j["extraction"].get<Extraction>()) : std::nullopt;
}

const Pair& Experiment::pair_of(const Cell& cell) const {
  for (const Pair& pair : pairs) {
    if (pair.biomarker == cell.biomarker && pair.auxiliary == cell.auxiliary) {
      if (cell.fold < 0 || static_cast<std::size_t>(cell.fold) >= pair.folds.size()) break;
      return pair;
    }
  }
  throw Error(ErrorKind::fatal, "cell " + cell.name() + " is not in this experiment");
}

}  // namespace mtlgrid
