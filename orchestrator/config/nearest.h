// The nearest known word to one that was mistyped.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

// Optimal string alignment distance over bytes: insertions, deletions, substitutions and swaps of neighbours cost 1.
int edit_distance(const std::string& a, const std::string& b);

// The first word of least distance, letter case ignored; empty if `known` is.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// "; did you mean 'folds'?" where the nearest word is within half of the longer word's length, else the list of all:
// "; known: a, b, c".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace mtlgrid
