// Suggestions for a mistyped word.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

// Optimal string alignment distance over bytes: insertions, deletions, substitutions and swaps of neighbours cost 1.
int edit_distance(const std::string& a, const std::string& b);

// The first word with the least distance, ignoring letter case; empty if `known` is empty.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// "; did you mean 'folds'?" if the nearest word is within half of the longer word's length; else "".
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

// The suggestion if there is one, else all words: "; known: a, b, c". "" if `known` is empty.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace mtlgrid
