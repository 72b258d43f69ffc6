// Names of columns that differ in what cannot be seen or typed.
#pragma once

#include <string>
#include <string_view>

namespace mtlgrid {

// `name` as a configuration can have it: characters without width (zero-width spaces, byte-order marks, soft hyphens)
// are left out, and every run of spaces, tabs and line breaks is one space, or nothing where it is at an end of the
// name and has a line break in it. Other blanks at the ends stay, as one space: a configuration can quote them.
std::string folded_name(std::string_view name);

}  // namespace mtlgrid
