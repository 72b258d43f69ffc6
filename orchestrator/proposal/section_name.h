// Names of sections and tasks that a configuration accepts.
#pragma once

#include <string>

namespace mtlgrid {

// `text` with "-" for every character that a name must not have, and without blanks around it; `otherwise` if nothing
// is left, or if it is a name with a meaning of its own ("test").
std::string valid_section_name(std::string text, const std::string& otherwise);

}  // namespace mtlgrid
