// Values of a table's column, for messages: how often each occurs, what it may mean, and what to write about it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// A value of a column, how often it occurs, and the first three rows with it, as an editor counts.
struct SeenValue {
  std::string value;
  std::size_t count = 0;
  std::vector<std::size_t> rows;
};

// Counts the values of a column.
class SeenValues {
 public:
  void add(const std::string& value, std::size_t row);
  bool empty() const { return values_.empty(); }
  std::size_t total() const;
  // The most frequent value first; equally frequent ones in the order of their first row.
  std::vector<SeenValue> sorted() const;

 private:
  std::vector<SeenValue> values_;
  std::map<std::string, std::size_t> index_;  // value to position in values_
};

// "'[Not Available]' (120 NOUNs, rows 2, 5, 8, ...), '--' (row 3) and 7 more values": at most `most` values.
std::string listed(const std::vector<SeenValue>& values, const std::string& noun, std::size_t most = 4);

// `value` with the dashes and the blank that text processors write as those of a keyboard.
std::string keyboard_text(std::string_view value);

// In what two different values differ if they are the same but for letter case, blanks and punctuation: "in letter
// case", "in blanks", "in punctuation", or several of them; empty if they differ in more.
std::string spelling_difference(std::string_view a, std::string_view b);

// A list of values as a configuration has it, "MSIH, MSI-H", at most `most` of them, each as quoted_if_needed()
// (base/quoting.h). Both lists are printable (base/text.h).
std::string config_list(const std::vector<std::string>& values, std::size_t most = 8);

}  // namespace mtlgrid
