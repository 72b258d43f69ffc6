// make_slide OUT.svs [NAME=VALUE...]: a virtual slide, for tests/oracle/tiling.py. Names: width, height, mpp (or none),
// scale_mpp, seed, levels, tissue_permille, nuclei_per_square_mm, plain (1).
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include "datasets/synthetic/virtual_slide.h"

using namespace mtlgrid;

int main(int argc, char** argv) {
  VirtualSlide slide;
  const std::map<std::string, std::function<void(const std::string&)>> fields = {
      {"width", [&](const std::string& v) { slide.width = std::stoll(v); }},
      {"height", [&](const std::string& v) { slide.height = std::stoll(v); }},
      {"mpp", [&](const std::string& v) { slide.mpp = v == "none" ? std::nullopt : std::optional(std::stod(v)); }},
      {"scale_mpp", [&](const std::string& v) { slide.scale_mpp = std::stod(v); }},
      {"seed", [&](const std::string& v) { slide.seed = std::stoull(v); }},
      {"levels", [&](const std::string& v) { slide.levels = std::stoi(v); }},
      {"tissue_permille", [&](const std::string& v) { slide.tissue_permille = std::stoi(v); }},
      {"nuclei_per_square_mm", [&](const std::string& v) { slide.nuclei_per_square_mm = std::stoi(v); }},
      {"plain", [&](const std::string& v) { slide.plain = v == "1"; }},
  };
  if (argc < 2) {
    std::fprintf(stderr, "make_slide OUT.svs [NAME=VALUE...]\n");
    return 1;
  }
  try {
    for (int i = 2; i < argc; ++i) {
      const std::string text = argv[i];
      const auto at = text.find('=');
      fields.at(text.substr(0, at))(text.substr(at + 1));
    }
    write_virtual_slide(argv[1], slide);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
