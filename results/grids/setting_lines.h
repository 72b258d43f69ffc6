// Settings that decide results, one by one, in the words of the configuration file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mtlgrid {

struct SettingLine {
  std::string section;   // with brackets: "[train]"
  std::string key;       // "epochs"
  std::string value;     // as one writes it: "6", "yes", "ITH, LF: Leukocyte Fraction"; empty: not set
  std::string compared;  // equal for equal settings; of initial weights the content of the file, not its path
};

// Of the settings that a store keeps with a grid. Leaves out what is not part of a grid's identity: paths, methods,
// bootstrap, cluster and how a run uses the machine. A key that this version does not know is listed too.
std::vector<SettingLine> setting_lines(const nlohmann::json& settings);

// The text `key` of an object; "" if it is not there, or either is of another type: a store may come from anybody.
std::string text_member(const nlohmann::json& object, const char* key);

}  // namespace mtlgrid
