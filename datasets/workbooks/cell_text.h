// The value of a number cell as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mtlgrid {

// A number as a workbook keeps it.
struct CellNumber {
  double value = 0;
  // As pandas with dtype=str shows it: a number without fraction is written whole, however large ("10000000000000000",
  // "0" of -0.0); others with the fewest digits that give the same number, as Python's repr does ("0.1", "1e-05").
  std::string text;
};

// The number that `stored` is: digits with a sign, point and exponent as Python's int() and float() read them; blanks
// around it do not count. nullopt if it is something else, or not finite.
std::optional<CellNumber> cell_number(std::string_view stored);

}  // namespace mtlgrid
