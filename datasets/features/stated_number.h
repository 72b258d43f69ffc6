// Numbers that feature files state of their tiles: which can be meant, and how they are written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "datasets/features/tile_geometry.h"

namespace mtlgrid {

// Edges, magnifications and factors are between these, far beyond any slide; what follows from them stays finite.
inline constexpr double kLeastStated = 1e-3, kMostStated = 1e9;

// `value` if it is from `least` to kMostStated; otherwise (NaN too) it is added to what `geometry` could not read.
std::optional<double> stated_number(double value, const std::string& name, TileGeometry& geometry,
                                    double least = kLeastStated);
// A number written as text, with blanks around it ("256", " 256.0 "); nullopt for "" and "None", which say nothing. All
// else is added to what `geometry` could not read.
std::optional<double> stated_number(std::string_view text, const std::string& name, TileGeometry& geometry,
                                    double least = kLeastStated);

// Whether `unit` is a spelling of microns: "um", with either sign for micro, "micron", "microns", "micrometers", ...
bool is_micron(std::string_view unit);

}  // namespace mtlgrid
