#include "orchestrator/config/readable_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "datasets/tables/table.h"

namespace mtlgrid {

void check_readable_classes(SectionReader& section, const LabelRule& rule, const CohortFiles* training) {
  const auto unread = [&](const std::string& value) {
    return is_missing(value) || (training != nullptr && std::find(training->missing.begin(), training->missing.end(),
                                                                  value) != training->missing.end());
  };
  using Class = std::pair<const char*, const std::vector<std::string>*>;
  for (const auto& [key, values] : {Class{"positive", &rule.positive}, Class{"negative", &rule.negative}}) {
    if (values->empty() || !std::all_of(values->begin(), values->end(), unread)) continue;
    const std::string& value = values->front();
    section.problem(
        key, is_missing(value)
                 ? fmt::format("'{}' is read as a missing value, so no patient has this class; write another word for "
                               "it in the tables and here, for example absent",
                               value)
                 : fmt::format("'{}' is also listed by missing in [cohort.{}], so no patient has this class", value,
                               training->name));
  }
}

}  // namespace mtlgrid
