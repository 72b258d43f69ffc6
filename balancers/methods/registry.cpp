#include "balancers/methods/registry.h"

#include <stdexcept>

namespace mtlgrid {

const std::vector<Method>& methods() {
  using W = Weighting;
  using A = Aggregation;
  static const std::vector<Method> kMethods = {
      {"baseline", W::equal, A::none, false},
      {"naive", W::equal, A::none},
      {"dwa", W::dwa, A::none},
      {"uncert", W::uncert, A::none},
      {"autol", W::autol, A::none},
      {"graddrop", W::equal, A::graddrop},
      {"pcgrad", W::equal, A::pcgrad},
      {"cagrad", W::equal, A::cagrad},
      {"dwa+graddrop", W::dwa, A::graddrop},
      {"dwa+pcgrad", W::dwa, A::pcgrad},
      {"dwa+cagrad", W::dwa, A::cagrad},
      {"uncert+graddrop", W::uncert, A::graddrop},
      {"uncert+pcgrad", W::uncert, A::pcgrad},
      {"uncert+cagrad", W::uncert, A::cagrad},
      {"autol+graddrop", W::autol, A::graddrop},
      {"autol+pcgrad", W::autol, A::pcgrad},
      {"autol+cagrad", W::autol, A::cagrad},
  };
  return kMethods;
}

const Method& method(const std::string& name) {
  for (const Method& m : methods()) {
    if (m.name == name) return m;
  }
  throw std::invalid_argument("unknown method '" + name + "'");
}

}  // namespace mtlgrid
