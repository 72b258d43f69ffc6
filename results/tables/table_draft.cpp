#include "results/tables/table_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/text.h"
#include "results/metrics/registry.h"

namespace mtlgrid {
namespace {

std::string file_safe(const std::string& name) {
  std::string out;
  for (char c : printable(name)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                       static_cast<unsigned char>(c) >= 0x80 || (c == '.' && !out.empty());
    out += plain ? c : '_';
  }
  return out;
}

std::string caption_of_state(const Draft& draft) {
  if (draft.results == draft.cells) return "Bold: best of the column.";
  return fmt::format(
      "Bold: best of the column among the values over the most cells. PARTIAL: {} of {} cells have a result.",
      draft.results, draft.cells);
}

void note_missing(Draft& draft) {
  auto& notes = draft.table.notes;
  if (draft.results < draft.cells) {
    notes.push_back(
        fmt::format("Partial table: {} of {} cells have a result. (have/want) stands where cells are missing: the "
                    "value is the mean over those there are; – where there is none.",
                    draft.results, draft.cells));
  }
  for (const auto& [metric, reasons] : draft.undefined) {
    for (const auto& [reason, count] : reasons) {
      notes.push_back(fmt::format("{} is undefined in {} results: {}.", metric, count, reason));
    }
  }
}

}  // namespace

void Draft::add(TableColumn column, std::vector<std::string> heading, const TableColumnValues& found) {
  auto& reasons = undefined[mtlgrid::heading(mtlgrid::metric(column.metric))];
  for (const auto& [reason, count] : found.undefined) reasons[reason] += count;
  left_out = std::max(left_out, found.left_out);
  untested = std::max(untested, found.untested);
  table.columns.push_back(std::move(column));
  table.header.resize(heading.size());
  for (std::size_t i = 0; i < heading.size(); ++i) table.header[i].push_back(std::move(heading[i]));
  for (std::size_t m = 0; m < found.values.size(); ++m) table.values[m].push_back(found.values[m]);
}

void Draft::add_note_once(const std::string& note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

Draft begin_table(const TableGrid& grid, std::string stem, int decimals) {
  Draft draft;
  draft.table.file_stem = std::move(stem);
  draft.table.decimals = decimals;
  draft.table.methods = grid.methods;
  draft.table.values.resize(grid.methods.size());
  return draft;
}

std::string pair_stem(const std::string& kind, const std::string& biomarker, const std::string& auxiliary) {
  return fmt::format("{}_{}_{}", kind, file_safe(biomarker), file_safe(auxiliary));
}

std::string comparison_stem(const std::string& biomarker, const std::string& cohort, const std::string& metric) {
  return fmt::format("comparison_{}_{}_{}", file_safe(biomarker), file_safe(cohort), file_safe(metric));
}

PaperTable finish(Draft draft, const TableSource& source, const std::string& caption) {
  draft.table.caption = caption + caption_of_state(draft);
  note_missing(draft);
  std::move(draft.notes.begin(), draft.notes.end(), std::back_inserter(draft.table.notes));
  for (const std::string& mixture : source.mixtures(draft.pair)) {
    draft.table.notes.push_back(fmt::format("The cells were not all trained alike; {}.", mixture));
  }
  return std::move(draft.table);
}

}  // namespace mtlgrid
