// What is wrong with one feature file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

// What is expected of a file that has coordinates of tiles alone.
inline constexpr const char* kBesideCoordinates =
    "expected one of [tiles, features] numbers beside the coordinates of tiles";

// A feature file that cannot be used. what() is "FILE: CAUSE, EXPECTED (DETAIL)"; the parts serve whoever reports many
// files, one line a cause.
class FileFault : public InputError {
 public:
  // `cause` and `expected` are the same for all files with this fault; `detail` is the file's own, and may be empty.
  FileFault(const std::filesystem::path& file, const std::string& cause, const std::string& expected,
            const std::string& detail = "")
      : InputError(file.string() + ": " + cause + ", " + expected + (detail.empty() ? "" : " (" + detail + ")")),
        cause_(cause),
        expected_(expected),
        detail_(detail) {}
  const std::string& cause() const { return cause_; }
  const std::string& expected() const { return expected_; }
  const std::string& detail() const { return detail_; }
  // The file lacks bytes: whoever wrote it did not end.
  bool cut_off() const {
    return cause_ == "unreadable or truncated" || cause_ == "an empty file" ||
           cause_.find("lacks values that it declares") != std::string::npos;
  }
  // The file has coordinates of tiles and no features, as TRIDENT and CLAM write in folders `patches`.
  bool coordinates_alone() const { return expected_ == kBesideCoordinates; }

 private:
  std::string cause_, expected_, detail_;
};

// Columns that a line shows of a name in a file.
inline constexpr std::size_t kShownName = 60;
// "it has 'a', 'b' and 3 more", or "it has nothing": what a file has, by the names in it.
std::string what_it_has(const std::vector<std::string>& names);

}  // namespace mtlgrid
