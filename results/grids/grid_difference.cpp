#include "results/grids/grid_difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "results/grids/setting_lines.h"

namespace mtlgrid {
namespace {

using Names = GridContent::Names;
using Setting = GridDifferences::Setting;

constexpr std::size_t kExamples = 3;      // patients named
constexpr std::size_t kItems = 3;         // of a summary
constexpr std::size_t kSettingsBack = 3;  // more are not spelled out as what to write

std::string or_not_set(const std::string& value) { return value.empty() ? "not set" : value; }

// A difference of the whole protocol is one line; a mixture is told by its settings.
void tidy_protocol(const GridContent& here, const GridContent& there, std::vector<Setting>& settings) {
  const auto custom = [](const GridContent& grid) {
    if (!grid.settings.is_object() || !grid.settings.contains("protocol")) return true;
    const std::string name = text_member(grid.settings["protocol"], "name");
    return name.empty() || name == "custom";
  };
  const bool whole = !custom(here) && !custom(there);
  std::erase_if(settings, [&](const Setting& s) {
    return whole ? s.section == "[protocol]" : s.section == "[grid]" && s.key == "protocol";
  });
}

std::vector<Setting> setting_differences(const GridContent& here, const GridContent& there) {
  const std::vector<SettingLine> ours = setting_lines(here.settings), theirs = setting_lines(there.settings);
  const auto has_section = [](const std::vector<SettingLine>& lines, const std::string& section) {
    return std::any_of(lines.begin(), lines.end(), [&](const SettingLine& l) { return l.section == section; });
  };
  std::vector<Setting> found;
  std::set<std::string> whole;  // biomarkers that only one of the grids has
  const auto compare = [&](const std::vector<SettingLine>& of, const std::vector<SettingLine>& with, bool from_here) {
    for (const SettingLine& line : of) {
      if (line.section.starts_with("[biomarker.") && !has_section(with, line.section)) {
        if (!whole.insert(line.section).second) continue;
        found.push_back({line.section, "", from_here ? "here" : "", from_here ? "" : "there"});
        continue;
      }
      const auto same = std::find_if(with.begin(), with.end(), [&](const SettingLine& other) {
        return other.section == line.section && other.key == line.key;
      });
      if (same == with.end()) {
        found.push_back({line.section, line.key, from_here ? line.value : "", from_here ? "" : line.value});
      } else if (from_here && same->compared != line.compared) {
        found.push_back({line.section, line.key, line.value, same->value});
      }
    }
  };
  compare(ours, theirs, true);
  compare(theirs, ours, false);
  tidy_protocol(here, there, found);
  return found;
}

// Patients concerned, with what to say of each, by what differs.
class DataComparison {
 public:
  DataComparison(const GridContent& here, const GridContent& there, const std::vector<Setting>& settings)
      : here_(here), there_(there) {
    membership();
    labels();
    targets();
    features();
    if (!explains_folds(settings)) folds();
  }

  std::vector<GridDifferences::Data> take() const {
    std::vector<GridDifferences::Data> all;
    for (const auto& [what, patients] : found_) {
      GridDifferences::Data& data = all.emplace_back(GridDifferences::Data{what, patients.size(), {}, {}});
      for (const auto& [patient, of] : patients) {
        if (data.examples.size() == kExamples) break;
        if (data.examples.empty()) data.first = of.here;
        data.examples.push_back(of.details.empty() ? patient
                                                   : fmt::format("{} ({})", patient, fmt::join(of.details, ", ")));
      }
    }
    return all;
  }

 private:
  using Patients = std::set<std::string>;

  struct Noted {
    std::string here;                  // as in GridDifferences::Data::first
    std::vector<std::string> details;  // with both values
  };

  void note(const std::string& what, const std::string& patient, const std::string& here, const std::string& detail) {
    Noted& noted = found_[what][patient];
    if (noted.here.empty()) noted.here = here;
    if (!detail.empty() && std::find(noted.details.begin(), noted.details.end(), detail) == noted.details.end()) {
      noted.details.push_back(detail);
    }
  }
  void note_value(const std::string& what, const std::string& patient, const std::string& of, const std::string& here,
                  const std::string& there) {
    note(what, patient, fmt::format("{} {} {}", patient, of, here), fmt::format("{} {}, there {}", of, here, there));
  }

  std::string train_cohort(const GridContent& grid, const std::string& biomarker) const {
    try {
      return grid.settings.at("biomarkers").at(biomarker).at("train").get<std::string>();
    } catch (const nlohmann::json::exception&) {
      return "";
    }
  }

  void compare_members(const Patients& ours, const Patients& theirs, const std::string& cohort,
                       const std::string& where) {
    const std::string what = "patients of cohort " + cohort;
    for (const std::string& patient : ours) {
      if (!theirs.contains(patient)) note(what, patient, "with " + patient, where + "only here");
    }
    for (const std::string& patient : theirs) {
      if (!ours.contains(patient)) note(what, patient, "without " + patient, where + "only there");
    }
  }

  // Training patients are those of the splits, by pair; an external cohort's those with a label.
  void membership() {
    for (const auto& [pair, roles] : here_.roles) {
      const auto other = there_.roles.find(pair);
      const std::string cohort = train_cohort(here_, pair.first);
      if (other == there_.roles.end() || cohort != train_cohort(there_, pair.first)) continue;
      Patients ours, theirs;
      for (const auto& [key, role] : roles) ours.insert(key.second);
      for (const auto& [key, role] : other->second) theirs.insert(key.second);
      compare_members(ours, theirs, cohort, pair.first + "/" + pair.second + ": ");
    }
    for (const auto& [names, patients] : here_.labels) {
      const auto& [biomarker, cohort] = names;
      const auto other = there_.labels.find(names);
      if (other == there_.labels.end() || cohort == train_cohort(here_, biomarker)) continue;
      Patients ours, theirs;
      for (const auto& [patient, label] : patients) ours.insert(patient);
      for (const auto& [patient, label] : other->second) theirs.insert(patient);
      compare_members(ours, theirs, cohort, biomarker + ": ");
    }
  }

  void labels() {
    const auto word = [](int label) { return label == 1 ? "positive" : "negative"; };
    for (const auto& [names, patients] : here_.labels) {
      const auto other = there_.labels.find(names);
      if (other == there_.labels.end()) continue;
      for (const auto& [patient, label] : patients) {
        const auto value = other->second.find(patient);
        if (value == other->second.end() || value->second == label) continue;
        note_value("labels of cohort " + names.second, patient, names.first, word(label), word(value->second));
      }
    }
  }

  void targets() {
    const auto text = [](double value) { return std::isnan(value) ? std::string("none") : fmt::format("{}", value); };
    for (const auto& [names, patients] : here_.targets) {
      const auto other = there_.targets.find(names);
      if (other == there_.targets.end()) continue;
      for (const auto& [patient, target] : patients) {
        const auto value = other->second.find(patient);
        if (value == other->second.end() || value->second == target) continue;
        if (std::isnan(value->second) && std::isnan(target)) continue;
        note_value("targets of cohort " + names.first, patient, names.second, text(target), text(value->second));
      }
    }
  }

  void features() {
    if (!here_.recorded || !there_.recorded) return;
    for (const auto& [cohort, patients] : here_.features) {
      const auto other = there_.features.find(cohort);
      if (other == there_.features.end()) continue;
      const auto told = found_.find("patients of cohort " + cohort);
      const std::string what = "features of cohort " + cohort;
      const auto add = [&](const std::string& patient, const char* with, const char* detail) {
        if (told == found_.end() || !told->second.contains(patient)) note(what, patient, with + patient, detail);
      };
      for (const auto& [patient, hash] : patients) {
        const auto same = other->second.find(patient);
        if (same == other->second.end()) {
          add(patient, "with ", "only here");
        } else if (same->second != hash) {
          add(patient, "", "");
        }
      }
      for (const auto& [patient, hash] : other->second) {
        if (!patients.contains(patient)) add(patient, "without ", "only there");
      }
    }
  }

  // Folds follow from these settings and from patients and labels: where those differ, the folds say nothing new.
  bool explains_folds(const std::vector<Setting>& settings) const {
    return std::any_of(settings.begin(), settings.end(),
                       [](const Setting& s) {
                         return s.key == "split_seed" || s.key == "folds" || s.key == "groups" ||
                                s.key == "validation" || s.key == "train";
                       }) ||
           std::any_of(found_.begin(), found_.end(), [](const auto& entry) {
             return entry.first.starts_with("labels of ") || entry.first.starts_with("patients of ");
           });
  }

  void folds() {
    for (const auto& [pair, roles] : here_.roles) {
      const auto other = there_.roles.find(pair);
      if (other == there_.roles.end()) continue;
      for (const auto& [key, role] : roles) {
        const auto same = other->second.find(key);
        if (same != other->second.end() && same->second == role) continue;
        note("folds of " + pair.first + "/" + pair.second, key.second, key.second, "");
      }
    }
  }

  const GridContent &here_, &there_;
  std::map<std::string, std::map<std::string, Noted>> found_;  // what, patient
};

std::string setting_line(const Setting& s) {
  if (s.key.empty()) return fmt::format("{} only {}", s.section, s.here.empty() ? "there" : "here");
  return fmt::format("{} {} {}, there {}", s.section, s.key, or_not_set(s.here), or_not_set(s.there));
}

std::string data_line(const GridDifferences::Data& d) {
  if (d.patients == 0) return d.what;
  const std::size_t more = d.patients - d.examples.size();
  return fmt::format("{} differ for {}: {}{}", d.what, counted(static_cast<std::int64_t>(d.patients), "patient"),
                     fmt::join(d.examples, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::vector<std::string> GridDifferences::lines() const {
  std::vector<std::string> all;
  for (const Setting& s : settings) all.push_back(setting_line(s));
  for (const Data& d : data) all.push_back(data_line(d));
  return all;
}

std::string GridDifferences::summary() const {
  std::vector<std::string> items;
  for (const Setting& s : settings) {
    items.push_back(s.key.empty() ? fmt::format("{}{}", s.here.empty() ? "no " : "", s.section)
                                  : fmt::format("{} {}", s.section + " " + s.key, or_not_set(s.here)));
  }
  for (const Data& d : data) {
    items.push_back(d.patients == 0   ? d.what
                    : d.patients == 1 ? fmt::format("{}: {}", d.what, d.first)
                                      : fmt::format("{}: {} and {} more", d.what, d.first, d.patients - 1));
  }
  const std::size_t more = items.size() > kItems ? items.size() - kItems : 0;
  items.resize(items.size() - more);
  return fmt::format("{}{}", fmt::join(items, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

std::string GridDifferences::way_back() const {
  std::vector<std::string> steps;
  const bool whole_sections =
      std::any_of(settings.begin(), settings.end(), [](const Setting& s) { return s.key.empty(); });
  if (settings.size() > kSettingsBack || whole_sections) {
    steps.emplace_back("restore its settings");
  } else {
    for (const Setting& s : settings) {
      // What is shown of initial weights is their file and its hash.
      const std::string value = s.key == "init" ? s.there.substr(0, s.there.rfind(" (")) : s.there;
      steps.push_back(value.empty()
                          ? fmt::format("leave {}{} out of {}", s.key == "init" ? "--init, or " : "", s.key, s.section)
                          : fmt::format("write {} = {} in {}", s.key, value, s.section));
    }
  }
  if (!data.empty()) steps.emplace_back("restore the data named above");
  return fmt::format("{}", fmt::join(steps, ", "));
}

GridDifferences differences(const GridContent& here, const GridContent& there) {
  GridDifferences found;
  found.settings = setting_differences(here, there);
  found.data = DataComparison(here, there, found.settings).take();
  if (found.count() == 0) {
    found.data.push_back({here.recorded && there.recorded
                              ? "the data differ in a way that the store does not record"
                              : "features, labels or targets differ (an earlier version made a grid without recording "
                                "which)",
                          0,
                          {},
                          {}});
  }
  return found;
}

}  // namespace mtlgrid
