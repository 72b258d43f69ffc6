#include "orchestrator/proposal/propose.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/errors.h"
#include "base/system_error.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "datasets/tables/header_row.h"
#include "datasets/tables/read_table.h"
#include "datasets/tables/table_file.h"
#include "datasets/workbooks/workbook.h"
#include "orchestrator/proposal/biomarker_guess.h"
#include "orchestrator/proposal/cohort_guess.h"
#include "orchestrator/proposal/feature_sets.h"
#include "orchestrator/proposal/found_files.h"
#include "orchestrator/proposal/joinable.h"
#include "orchestrator/proposal/proposal_text.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

constexpr std::size_t kMostTables = 100;

std::string folders_said(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text;
}

// Those next to the folders first: tables are seldom deep.
std::vector<fs::path> tables_to_read(const FoundFiles& found, std::vector<std::string>& notes) {
  std::vector<fs::path> tables = found.tables;
  std::stable_sort(tables.begin(), tables.end(), [](const fs::path& a, const fs::path& b) {
    return std::distance(a.begin(), a.end()) < std::distance(b.begin(), b.end());
  });
  if (tables.size() > kMostTables) {
    notes.push_back(fmt::format("{} tables, of which the {} next to the folders were read; name the folders of yours",
                                tables.size(), kMostTables));
    tables.resize(kMostTables);
  }
  return tables;
}

// The tables of a file, as a configuration names them: every sheet of a workbook that is not hidden is one.
std::vector<fs::path> tables_in(const fs::path& file, std::vector<std::string>& notes) {
  if (file.extension() != ".xlsx") return {file};
  const Workbook workbook(read_whole_file(file, "a table"));
  std::vector<fs::path> tables;
  for (const Workbook::Sheet& sheet : workbook.sheets()) {
    if (sheet.hidden) continue;
    if (can_be_written(sheet.name)) {
      tables.push_back(file.string() + "#" + sheet.name);
    } else {
      notes.push_back(fmt::format("passed over: sheet '{}' of {}, whose name no configuration can have: rename it",
                                  printable(sheet.name), file.string()));
    }
  }
  const bool the_first = tables.size() == 1 && table_file(tables[0]).sheet == workbook.sheets().front().name;
  return the_first ? std::vector{file} : tables;
}

std::vector<Table> read_tables(const FoundFiles& found, std::vector<std::string>& notes) {
  std::vector<Table> tables;
  const auto noted = [&](const fs::path& file, auto&& read) {
    try {
      read();
    } catch (const InputError& e) {
      const std::string& problem = e.problems().front();
      notes.push_back("passed over: " +
                      (problem.starts_with(file.string()) ? problem : file.string() + ": " + problem));
    } catch (const SystemError& e) {
      notes.push_back(fmt::format("passed over: {}", e.what()));
    }
  };
  for (const fs::path& file : tables_to_read(found, notes)) {
    std::vector<fs::path> names;
    noted(file, [&] { names = tables_in(file, notes); });
    for (const fs::path& name : names) {
      noted(name, [&] {
        Table table = read_table(name);
        if (const std::string said = likely_header_said(table); !said.empty()) {
          throw InputError(fmt::format("{}: {}", name.string(), said));
        }
        tables.push_back(std::move(table));
      });
    }
  }
  return tables;
}

[[noreturn]] void refuse(const std::string& why, const std::vector<std::string>& notes) {
  std::vector<std::string> problems = {why};
  problems.insert(problems.end(), notes.begin(), notes.end());
  throw InputError(problems);
}

void check_there_are_features(const FoundFiles& found, const std::vector<FeatureSet>& sets,
                              const std::vector<std::string>& notes) {
  if (!sets.empty()) return;
  const std::size_t slides = std::accumulate(found.slides.begin(), found.slides.end(), std::size_t{0},
                                             [](std::size_t sum, const auto& one) { return sum + one.second; });
  const std::string advice = slides == 0 ? "expected .h5 or .pt files as STAMP, TRIDENT or CLAM write them"
                                         : fmt::format("only {}: extract features first, with STAMP, TRIDENT or CLAM",
                                                       counted(static_cast<std::int64_t>(slides), "slide"));
  refuse(fmt::format("{}: no feature files, {}", folders_said(found.folders), advice), notes);
}

}  // namespace

Proposal propose(const std::vector<fs::path>& folders, const fs::path& out, FeatureReader& reader) {
  const FoundFiles found = find_files(folders);
  std::vector<std::string> notes = found.notes;
  const std::vector<FeatureSet> sets = feature_sets(found, reader, notes);
  check_there_are_features(found, sets, notes);
  const std::vector<Table> tables = read_tables(found, notes);
  if (tables.empty()) {
    refuse(
        fmt::format("{}: no tables, expected a clinical table (.csv, .tsv, .txt, .xlsx)", folders_said(found.folders)),
        notes);
  }
  std::vector<CohortGuess> cohorts = cohort_guesses(sets, tables, notes);
  for (CohortGuess& cohort : cohorts) {
    for (std::string& line : joinable_signatures(cohort, tables)) cohort.cautions.push_back(std::move(line));
  }
  if (cohorts.empty()) {
    refuse(fmt::format("{}: no table has patients to whom feature files belong; add a slide table with the columns "
                       "PATIENT and FILENAME",
                       folders_said(found.folders)),
           notes);
  }
  return proposal_of(cohorts, biomarker_guesses(cohorts), found, out, std::move(notes));
}

}  // namespace mtlgrid
