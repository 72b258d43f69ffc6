#include "orchestrator/extraction/slide_mpp_table.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/text.h"
#include "datasets/slides/slide_files.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/read_table.h"

namespace mtlgrid {
namespace {

// "a/slide 1.h5" and "a/slide 1.svs" are the slide "a/slide 1".
std::string slide_name(const std::string& file) {
  const std::filesystem::path path(file);
  const bool suffix = is_slide_name(path) || path.extension() == ".h5" || path.extension() == ".pt";
  return (suffix ? path.parent_path() / path.stem() : path).generic_string();
}

}  // namespace

MppTable MppTable::read(const CohortFiles& files, Problems& problems) {
  MppTable found;
  if (files.mpp_column.empty()) return found;
  const bool by_slide = !files.slides.empty();
  const std::string names = by_slide ? files.filename_column : files.patient_column;
  problems.collect([&] {
    const Table table = read_table(by_slide ? files.slides : files.clini, {files.missing, names});
    const auto name = needed_column(table, names, problems);
    const auto mpp = needed_column(table, files.mpp_column, problems);
    if (!name || !mpp || !numbers_are_clear(table, *mpp, problems)) return;
    for (const Table::Row& row : table.rows) {
      if (!row.cells[*name] || !row.cells[*mpp]) continue;
      const auto value = table.number(*mpp, *row.cells[*mpp]);
      const std::string where = fmt::format("{}, line {}: {}", table.path.string(), row.line, column_said(table, *mpp));
      if (!value || *value <= 0) {
        problems.add(fmt::format("{}: '{}' is not a number of microns above 0; write one, or leave the cell empty",
                                 where, printable(*row.cells[*mpp])));
        continue;
      }
      const auto [at, fresh] = found.values_.emplace(slide_name(*row.cells[*name]), *value);
      if (!fresh && at->second != *value) {
        problems.add(
            fmt::format("{}: {} for a slide that has {} above; keep one of the two", where, *value, at->second));
      }
    }
  });
  return found;
}

std::optional<double> MppTable::find(const std::string& slide) const {
  auto found = values_.find(slide);
  if (found == values_.end()) found = values_.find(std::filesystem::path(slide).filename().string());
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

}  // namespace mtlgrid
