#include "datasets/join.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mtlgrid {
namespace {

std::string place(const Table& table, const Table::Row& row) {
  return fmt::format("{}, row {}", table.path.string(), row.line);
}

std::optional<std::size_t> needed_column(const Table& table, const std::string& name, Problems& problems) {
  const auto column = table.column(name);
  if (!column) {
    std::string found;
    for (const auto& other : table.columns) found += (found.empty() ? "'" : ", '") + other + "'";
    problems.add(fmt::format("{}, row 1: no column '{}', found {}", table.path.string(), name, found));
  }
  return column;
}

// A row of the slide table with both cells.
struct SlideRow {
  const Table::Row* row;
  std::string patient, filename;
};

class Join {
 public:
  Join(const CohortFiles& files, const Table& clini, const Table& slides, std::vector<Drop>& drops, Problems& problems)
      : files_(files), clini_(clini), slides_(slides), drops_(drops), problems_(problems) {}

  std::vector<JoinedPatient> run(const FeatureIndex& features) {
    const Table& named = files_.clini.empty() ? slides_ : clini_;  // the table that lists the patients
    const auto patient = needed_column(named, files_.patient_column, problems_);
    const auto slide_patient = needed_column(slides_, files_.patient_column, problems_);
    const auto filename = needed_column(slides_, files_.filename_column, problems_);
    if (!patient || !slide_patient || !filename) return {};
    read_patients(named, *patient);
    for (const auto& row : slides_.rows) place_slide(row, row.cells[*slide_patient], row.cells[*filename], features);
    return finish();
  }

 private:
  void drop(std::string patient, std::string slide, std::string reason) {
    drops_.push_back({files_.name, std::move(patient), std::move(slide), std::move(reason)});
  }

  // The first row of a patient counts; check_repeated_rows() compares later rows with it in the columns that are used.
  void read_patients(const Table& table, std::size_t column) {
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      if (const auto& name = table.rows[i].cells[column]) {
        patients_.emplace(*name, JoinedPatient{*name, i, {}});
      } else if (&table == &clini_) {  // place_slide() drops such rows of the slide table
        drop("", "", fmt::format("row {} of the clinical table names no patient", table.rows[i].line));
      }
    }
  }

  void place_slide(const Table::Row& row, const std::optional<std::string>& patient,
                   const std::optional<std::string>& filename, const FeatureIndex& features) {
    if (!patient) {
      return drop("", filename.value_or(""), fmt::format("row {} of the slide table names no patient", row.line));
    }
    in_slide_table_.insert(*patient);
    if (!filename) return drop(*patient, "", fmt::format("row {} of the slide table names no file", row.line));
    const auto file = resolve({&row, *patient, *filename}, features);
    const auto known = patients_.find(*patient);
    if (known == patients_.end()) return drop(*patient, *filename, "patient not in the clinical table");
    if (file) known->second.slides.push_back(*file);
  }

  // The row's file if it exists and no earlier row names it; otherwise a drop or a problem is added.
  std::optional<std::string> resolve(const SlideRow& slide, const FeatureIndex& features) {
    std::vector<std::string> found;
    try {
      found = features.find(slide.filename);
    } catch (const InputError& e) {
      problems_.add(fmt::format("{}: {}", place(slides_, *slide.row), e.what()));
      return std::nullopt;
    }
    if (found.size() > 1) {
      problems_.add(fmt::format("{}: file '{}' is ambiguous ('{}' and '{}'), expected a path relative to {}",
                                place(slides_, *slide.row), slide.filename, found[0], found[1],
                                files_.features.string()));
      return std::nullopt;
    }
    const bool in_clini = patients_.contains(slide.patient);
    if (found.empty()) {
      if (in_clini) drop(slide.patient, slide.filename, "no feature file");
      return std::nullopt;
    }
    const auto [owner, first] = owners_.emplace(found[0], slide);
    if (first) return found[0];
    if (owner->second.patient != slide.patient) {
      problems_.add(fmt::format(
          "{}: file '{}' of patient '{}' is patient '{}''s in row {}, expected one patient a file",
          place(slides_, *slide.row), found[0], slide.patient, owner->second.patient, owner->second.row->line));
    } else if (in_clini) {
      drop(slide.patient, slide.filename, "listed twice, counted once");
    }
    return std::nullopt;
  }

  std::vector<JoinedPatient> finish() {
    std::vector<JoinedPatient> joined;
    for (auto& [name, patient] : patients_) {
      if (!patient.slides.empty()) {
        joined.push_back(std::move(patient));
      } else {
        drop(name, "", in_slide_table_.contains(name) ? "no slide has a feature file" : "not in the slide table");
      }
    }
    if (joined.empty()) {
      problems_.add(fmt::format("{}: no patient of {} has a feature file in {}, expected some", slides_.path.string(),
                                files_.clini.empty() ? "it" : clini_.path.string(), files_.features.string()));
    }
    return joined;
  }

  const CohortFiles& files_;
  const Table& clini_;
  const Table& slides_;
  std::vector<Drop>& drops_;
  Problems& problems_;
  std::map<std::string, JoinedPatient> patients_;  // by bytes of the name
  std::set<std::string> in_slide_table_;
  std::map<std::string, SlideRow> owners_;  // file to the first row that names it
};

}  // namespace

std::vector<JoinedPatient> join_tables(const CohortFiles& files, const Table& clini, const Table& slides,
                                       const FeatureIndex& features, std::vector<Drop>& drops, Problems& problems) {
  return Join(files, clini, slides, drops, problems).run(features);
}

}  // namespace mtlgrid
