#include "datasets/cohorts/absent_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/text.h"
#include "datasets/tables/folded_name.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kAbsentShown = 6;  // columns that a line names

std::string digits(const std::string& text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c >= '0' && c <= '9'; });
  return out;
}

// Whether `longer` is `name` and an addition: "LF.0", "LF (percent)", "LF_x".
bool is_longer(const std::string& name, const std::string& longer) {
  if (longer.size() <= name.size() || !longer.starts_with(name)) return false;
  return std::string_view(" .,_-([:/#\t\n").find(longer[name.size()]) != std::string_view::npos;
}

// One typing error in a name of five characters or more, two in ten; not in its numbers (CD4 is not CD8).
bool is_mistyped(const std::string& a, const std::string& b) {
  const int allowed = static_cast<int>(std::min(a.size(), b.size()) / 5);
  return allowed > 0 && digits(a) == digits(b) && edit_distance(a, b) <= std::min(allowed, 2);
}

bool is_near(const std::string& wanted, const std::string& found) {
  const std::string a = folded_name(wanted), b = folded_name(found);
  if (b.empty()) return false;
  if (a == b || !spelling_difference(a, b).empty()) return true;
  const std::string x = lower_ascii(trimmed(a)), y = lower_ascii(trimmed(b));
  return is_longer(x, y) || is_longer(y, x) || is_mistyped(x, y);
}

std::string list_of(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kAbsentShown);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

}  // namespace

void note_absent_columns(Cohort& cohort, const std::vector<CohortUse>& uses) {
  const Table& table = cohort.clini;
  std::vector<std::string> absent, near, renaming;
  const auto named = [&](const std::string& column) {
    return column == cohort.files.patient_column || std::any_of(uses.begin(), uses.end(), [&](const CohortUse& use) {
             return column == use.auxiliary_column || column == use.label_column;
           });
  };
  std::vector<std::string> done;
  for (const CohortUse& use : uses) {
    const std::string& wanted = use.auxiliary_column;
    if (use.auxiliary_required || table.column(wanted)) continue;
    if (std::find(done.begin(), done.end(), wanted) != done.end()) continue;
    done.push_back(wanted);
    const auto found = std::find_if(table.columns.begin(), table.columns.end(), [&](const std::string& column) {
      return !named(column) && is_near(wanted, column);
    });
    if (found == table.columns.end()) {
      absent.push_back(fmt::format("'{}'", printable(wanted)));
    } else {
      near.push_back(fmt::format("'{}'", printable(wanted)));
      renaming.push_back(fmt::format("'{}' to '{}'", printable(*found), printable(wanted)));
    }
  }
  if (!near.empty()) {
    cohort.warnings.push_back(
        fmt::format("{}, row {}: no column{} {}, so predictions of {} have nothing to be compared with; if nearly the "
                    "same name means the same, rename {} in the table",
                    table.path.string(), table.header_line, near.size() > 1 ? "s" : "", list_of(near),
                    near.size() > 1 ? "them" : "it", list_of(renaming)));
  }
  if (!absent.empty()) {
    cohort.inferences.push_back(fmt::format("{}: no column{} {}: every patient counts as without {}",
                                            table.path.filename().string(), absent.size() > 1 ? "s" : "",
                                            list_of(absent), absent.size() > 1 ? "these values" : "this value"));
  }
}

}  // namespace mtlgrid
