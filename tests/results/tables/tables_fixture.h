// The tables of made-up grids: a store in a folder of its own, and single values by name.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "results/tables/tables.h"
#include "tests/results/tables/grid_store.h"

namespace mtlgrid {

namespace fs = std::filesystem;

class TablesTest : public testing::Test {
 protected:
  TablesTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.resamples = 60;
  }
  ~TablesTest() override { fs::remove_all(folder_); }

  fs::path store() const { return folder_ / "grid.db"; }
  void make(const MadeUpGrid& grid = {}) { grid_store_ = std::make_unique<GridStore>(store(), grid); }
  PaperTable table(const std::string& stem) const {
    for (PaperTable& t : paper_tables(store(), options_)) {
      if (t.file_stem == stem) return t;
    }
    throw std::out_of_range(stem);
  }
  static TableValue value(const PaperTable& t, const std::string& method, const std::string& cohort,
                          const std::string& metric, const std::string& auxiliary = "mean") {
    const auto m = std::find(t.methods.begin(), t.methods.end(), method) - t.methods.begin();
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      const TableColumn& k = t.columns[c];
      if (k.cohort == cohort && k.metric == metric && k.auxiliary == auxiliary) {
        return t.values.at(static_cast<std::size_t>(m)).at(c);
      }
    }
    throw std::out_of_range(cohort + " " + metric + " " + auxiliary);
  }

  const fs::path folder_ = fs::path(testing::TempDir()) /
                           ("tables_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
  TableOptions options_;
  std::unique_ptr<GridStore> grid_store_;
};

}  // namespace mtlgrid
