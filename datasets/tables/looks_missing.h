// Values that say that something is not known, as people and databases write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// Whether `value` says, word by word, that it is missing, unknown or failed: "[Not Available]", "'--", "Test not
// performed", "Insufficient tissue", "Unknown/Not tested", "n/a", "?", "-999", "#VALUE!". Letter case, blanks and
// punctuation do not matter. Findings do not look missing: "not mutated", "HPV not detected", "no recurrence".
bool looks_missing(std::string_view value);

// The same of a value of a class column, where `column` and the values of the positive class say what is spoken of:
// "MSI unknown" beside MSI-H is missing, "Unknown" beside Known is the other class. So are codes that stand for a
// missing value: -1, 9, 99 and the like, unless the positive values are numbers of their size. Signs beside signs ("-"
// beside
// "+") are classes.
bool looks_like_no_class(const std::string& value, const std::string& column, const std::vector<std::string>& positive);

// Whether databases write this number for a missing value: 9, 99, 999, ..., with 7 and 8 in their place, and all of
// them with a minus; and -1.
bool is_missing_code(double number);

}  // namespace mtlgrid
