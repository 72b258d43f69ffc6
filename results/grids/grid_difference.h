// In what two grids differ: settings with both values, and data with the patients concerned.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/grids/grid_content.h"

namespace mtlgrid {

// Of a grid `here` (a plan, or the grid of a row) against a grid `there`. Text comes from the tables and the
// configuration unchanged: escape it.
struct GridDifferences {
  struct Setting {
    std::string section, key;  // as in SettingLine; an empty key: the whole section
    std::string here, there;   // empty: not set
  };
  struct Data {
    std::string what;                   // "targets of cohort A"
    std::size_t patients = 0;           // 0: not known
    std::vector<std::string> examples;  // up to three: "P012 (LF 0.5, there 0.48)"
    std::string first;                  // the first of them as it is `here`: "P012 LF 0.5", "without P012"
  };
  std::vector<Setting> settings;
  std::vector<Data> data;

  std::size_t count() const { return settings.size() + data.size(); }
  // One line each: "[train] epochs 7, there 6", "targets of cohort A differ for 1 patient: P012 (LF 0.5, there 0.48)".
  std::vector<std::string> lines() const;
  // How `here` is told apart from `there`, in one line of at most three items: "[train] epochs 7; targets of cohort A:
  // P012 LF 0.5".
  std::string summary() const;
  // What to do to get `there` from the configuration of `here`: "write epochs = 6 in [train]".
  std::string way_back() const;
};

// Never empty: grids of different identity whose recorded content is equal give one line that says so.
GridDifferences differences(const GridContent& here, const GridContent& there);

}  // namespace mtlgrid
