#include "results/grids/stored_classes.h"

#include <vector>

namespace mtlgrid {
namespace {

// A class's values as the store keeps them: one as text ("" is none), several as a list.
std::vector<std::string> class_values(const nlohmann::json& stored) {
  if (stored.is_array()) return stored;
  return stored == "" ? std::vector<std::string>{} : std::vector<std::string>{stored};
}

}  // namespace

LabelRule stored_rule(const nlohmann::json& settings, const std::string& name) {
  const nlohmann::json& biomarker = settings.at("biomarkers").at(name);
  LabelRule rule{biomarker.at("label"), class_values(biomarker.at("positive")), class_values(biomarker.at("negative")),
                 biomarker.at("ignore")};
  const nlohmann::json classes = settings.value("classes", nlohmann::json::object());
  if (classes.contains(name)) rule.negative = classes[name].at("negative");
  return rule;
}

std::string stored_auxiliary_column(const nlohmann::json& settings, const std::string& biomarker,
                                    const std::string& auxiliary) {
  return settings.at("biomarkers").at(biomarker).at("auxiliaries").at(auxiliary);
}

}  // namespace mtlgrid
