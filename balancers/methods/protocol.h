// Where the released code departs from the paper: one setting each, stored with every result.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// Defaults are the paper's; `released_code()` sets them all (table in docs/methods.md).
struct Protocol {
  std::string name = "paper";
  bool uncert_learned = true;        // released code: s never reaches the optimiser and stays at -0.7
  bool cosine_per_batch = false;     // released code: cosine, T_max = epochs, stepped once a batch (not baseline)
  bool dwa_shifted_history = false;  // released code: the auxiliary's running mean starts from the classification's
  bool autol_primary_all = true;     // released code: the meta loss is the classification's alone
  bool autol_exact = true;           // released code: finite differences, eps = 0.01 / norm(v)
  double autol_weight_decay = 0;     // released code: 0.01
  bool autol_reuse_masks = true;     // released code: every pass draws its own dropout masks
  bool epsilons = false;             // released code: 1e-8 in graddrop, pcgrad and cagrad
  int extra_patience = 0;            // released code: 1, by an off-by-one

  static Protocol paper() { return {}; }
  static Protocol released_code();
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Protocol, name, uncert_learned, cosine_per_batch, dwa_shifted_history,
                                   autol_primary_all, autol_exact, autol_weight_decay, autol_reuse_masks, epsilons,
                                   extra_patience)

inline Protocol Protocol::released_code() {
  return {"released-code", false, true, true, false, false, 0.01, false, true, 1};
}

}  // namespace mtlgrid
