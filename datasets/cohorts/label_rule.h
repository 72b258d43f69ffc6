// How the configuration says which values of a label column are the classes.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

// The label column of a biomarker and the meaning of its values.
struct LabelRule {
  std::string column;
  std::vector<std::string> positive;  // values of the positive class, at least one
  std::vector<std::string> negative;  // values of the negative class; empty: not known yet (find_classes, classes.h)
  std::vector<std::string> ignore;    // rows with these values are dropped and accounted
  std::string negative_from{};        // where `negative` was found, "training cohort A"; empty: it was written down
  std::string section{};              // where this is written, "[biomarker.MSI]"; empty: nobody can change it
};

}  // namespace mtlgrid
