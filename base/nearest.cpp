#include "base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/ascii.h"

namespace mtlgrid {
int edit_distance(const std::string& a, const std::string& b) {
  const std::size_t columns = b.size() + 1;
  std::vector<int> before(columns), last(columns), row(columns);  // rows i-2, i-1 and i of the table
  for (std::size_t j = 0; j < columns; ++j) last[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j < columns; ++j) {
      const int substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  int least = std::numeric_limits<int>::max();
  for (const std::string& candidate : known) {
    const int distance = edit_distance(lower_ascii(word), lower_ascii(candidate));
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string best = nearest(word, known);
  const auto distance = static_cast<std::size_t>(edit_distance(lower_ascii(word), lower_ascii(best)));
  const bool near = !best.empty() && 2 * distance <= std::max(word.size(), best.size());
  return near ? fmt::format("; did you mean '{}'?", best) : "";
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  if (known.empty()) return "";
  const std::string near = suggestion(word, known);
  return near.empty() ? fmt::format("; known: {}", fmt::join(known, ", ")) : near;
}

}  // namespace mtlgrid
