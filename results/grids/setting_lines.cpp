#include "results/grids/setting_lines.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/quoting.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

// What resolved_settings() (orchestrator/config/config.h) adds to the settings that decide results, and what
// make_grid_record() records beside them.
constexpr std::array<std::string_view, 9> kWithoutEffect = {"file",      "store",   "methods", "cohorts", "run",
                                                            "bootstrap", "cluster", "data",    "classes"};

// As a configuration has the value, so that it can be written there.
std::string text_of(const json& value) {
  if (value.is_string()) return quoted_if_needed(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "";
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (value.is_array()) {
    for (const json& element : value) add(text_of(element));
    return text;
  }
  if (value.is_object()) {  // auxiliaries: the column of each name
    for (const auto& [name, column] : value.items()) {
      const std::string of = text_of(column);
      const std::string key = quoted_if_needed(name);
      add(of == key ? key : key + ": " + of);
    }
    return text;
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

class Lines {
 public:
  explicit Lines(const json& settings) {
    if (!settings.is_object()) return;
    for (const auto& [name, value] : settings.items()) {
      if (std::find(kWithoutEffect.begin(), kWithoutEffect.end(), name) != kWithoutEffect.end()) continue;
      top(name, value);
    }
  }
  std::vector<SettingLine> take() { return std::move(lines_); }

 private:
  void add(const std::string& section, const std::string& key, const json& value) {
    lines_.push_back({section, key, text_of(value), value.dump(-1, ' ', false, json::error_handler_t::replace)});
  }

  void top(const std::string& name, const json& value) {
    if (name == "init") return init(value);
    if (name == "biomarkers" && value.is_object()) {
      for (const auto& [biomarker, keys] : value.items()) members("[biomarker." + biomarker + "]", keys);
    } else if (value.is_object()) {
      members("[" + name + "]", value);
    } else {
      add("[grid]", name, value);
    }
  }

  void members(const std::string& section, const json& values) {
    if (!values.is_object()) return;
    for (const auto& [key, value] : values.items()) {
      if (section == "[protocol]" && key == "name") {
        add("[grid]", "protocol", value);
      } else if (key != "splits") {  // a path; the folds themselves are compared
        add(section, key, value);
      }
    }
  }

  void init(const json& value) {
    if (!value.is_object()) return;
    const std::string file = text_member(value, "file"), hash = text_member(value, "hash");
    lines_.push_back({"[train]", "init", quoted_if_needed(file) + " (" + hash.substr(0, 12) + ")", hash});
  }

  std::vector<SettingLine> lines_;
};

}  // namespace

std::string text_member(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::vector<SettingLine> setting_lines(const json& settings) { return Lines(settings).take(); }

}  // namespace mtlgrid
