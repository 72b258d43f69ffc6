#include "datasets/join.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/causes.h"
#include "base/text.h"
#include "datasets/join_columns.h"
#include "datasets/join_hints.h"

namespace mtlgrid {
namespace {

// A row of the slide table with both cells.
struct SlideRow {
  const Table::Row* row;
  std::string patient, filename;
};

class Join {
 public:
  Join(const CohortFiles& files, const Table& clini, const Table& slides, const FeatureIndex& features,
       std::vector<Drop>& drops, Problems& problems, std::vector<std::string>& warnings)
      : files_(files),
        clini_(clini),
        slides_(slides),
        features_(features),
        drops_(drops),
        problems_(problems),
        warnings_(warnings) {}

  std::vector<JoinedPatient> run() {
    const auto columns = join_columns(files_, clini_, slides_, problems_);
    if (!columns) return {};
    read_patients(files_.clini.empty() ? slides_ : clini_, columns->patient);
    for (const auto& row : slides_.rows) {
      place_slide(row, row.cells[columns->slide_patient], row.cells[columns->filename]);
    }
    mistakes_.report(slides_.path.string(), problems_);
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
                   const std::optional<std::string>& filename) {
    if (!patient) {
      return drop("", filename.value_or(""), fmt::format("row {} of the slide table names no patient", row.line));
    }
    in_slide_table_.insert(*patient);
    if (!filename) return drop(*patient, "", fmt::format("row {} of the slide table names no file", row.line));
    const auto file = resolve({&row, *patient, *filename});
    const auto known = patients_.find(*patient);
    if (known == patients_.end()) return drop(*patient, *filename, "patient not in the clinical table");
    if (file) known->second.slides.push_back(*file);
  }

  // The row's file if it exists and no earlier row names it; otherwise a drop or a mistake is added.
  std::optional<std::string> resolve(const SlideRow& slide) {
    const std::string row = fmt::format("row {}", slide.row->line);
    const FeatureIndex::Match match = features_.find(slide.filename);
    filenames_.insert(slide.filename);
    if (match.outside) {
      mistakes_.add("FILENAMEs outside the feature folder", fmt::format("'{}' in {}", slide.filename, row),
                    "expected paths relative to " + files_.features.string());
      return std::nullopt;
    }
    if (match.files.size() > 1) {
      mistakes_.add("ambiguous FILENAMEs",
                    fmt::format("'{}' in {} is '{}' or '{}'", slide.filename, row, match.files[0], match.files[1]),
                    "expected paths relative to " + files_.features.string());
      return std::nullopt;
    }
    if (match.files.empty()) return lose(slide);
    const auto [owner, first] = owners_.emplace(match.files[0], slide);
    if (first) return match.files[0];
    if (owner->second.patient != slide.patient) {
      mistakes_.add("files of two patients",
                    fmt::format("'{}' of '{}' in {} is of '{}' in row {}", match.files[0], slide.patient, row,
                                owner->second.patient, owner->second.row->line),
                    "expected one patient a file");
    } else if (patients_.contains(slide.patient)) {
      drop(slide.patient, slide.filename, "listed twice, counted once");
    }
    return std::nullopt;
  }

  std::nullopt_t lose(const SlideRow& slide) {
    lost_filenames_.insert(slide.filename);
    if (!patients_.contains(slide.patient)) return std::nullopt;
    drop(slide.patient, slide.filename,
         features_.is_folder(slide.filename) ? "a folder, not a feature file" : "no feature file");
    return std::nullopt;
  }

  std::vector<JoinedPatient> finish() {
    const NameSearch patients = patient_search(), slides = file_search();
    std::vector<JoinedPatient> joined;
    for (auto& [name, patient] : patients_) {
      if (!patient.slides.empty()) {
        joined.push_back(std::move(patient));
      } else {
        drop(name, "", in_slide_table_.contains(name) ? "no slide has a feature file" : "not in the slide table");
      }
    }
    warn_of_unread_folders();
    if (joined.empty() && mistakes_.empty()) return complain_of_nobody(patients, slides);
    for (const NameSearch& search : {patients, slides}) {
      const auto warning = joined.empty() ? std::nullopt : warn_of_loss(search);
      if (warning) warnings_.push_back(*warning);
    }
    return joined;
  }

  NameSearch patient_search() const {
    NameSearch search{NameKind::patients,
                      "patients of " + slides_.path.string(),
                      "patients of " + clini_.path.string(),
                      {},
                      in_slide_table_.size(),
                      {},
                      &clini_};
    for (const std::string& name : in_slide_table_) {
      if (!patients_.contains(name)) search.lost.push_back(name);
    }
    for (const auto& [name, patient] : patients_) search.others.push_back(name);
    return search;
  }

  NameSearch file_search() const {
    return {NameKind::files,
            "FILENAMEs of " + slides_.path.string(),
            "files of " + files_.features.string(),
            {lost_filenames_.begin(), lost_filenames_.end()},
            filenames_.size(),
            features_.files(),
            nullptr};
  }

  // Which of the two joins left nobody, or both.
  std::vector<JoinedPatient> complain_of_nobody(const NameSearch& patients, const NameSearch& slides) {
    bool said = false;
    for (const NameSearch* search : {&patients, &slides}) {
      if (search->all == 0 || search->lost.size() < search->all) continue;
      problems_.add(describe(*search));
      said = true;
    }
    if (said) return {};
    problems_.add(fmt::format(
        "{}: no row has both a patient of {} ({} of {} have) and a file of {} ({} of {} have), expected some",
        slides_.path.string(), files_.clini.empty() ? "it" : clini_.path.string(), patients.all - patients.lost.size(),
        counted(static_cast<std::int64_t>(patients.all), "patient"), files_.features.string(),
        slides.all - slides.lost.size(), counted(static_cast<std::int64_t>(slides.all), "FILENAME")));
    return {};
  }

  void warn_of_unread_folders() {
    if (features_.unread().empty()) return;
    Causes unread;
    for (const auto& entry : features_.unread()) unread.add(entry.reason, entry.path);
    Problems lines;
    unread.report(files_.features.string() + ": not looked into", lines);
    for (const auto& line : lines.lines()) {
      warnings_.push_back(fmt::format("{}; {} of the slide table were not found elsewhere", line,
                                      counted(static_cast<std::int64_t>(lost_filenames_.size()), "FILENAME")));
    }
  }

  const CohortFiles& files_;
  const Table& clini_;
  const Table& slides_;
  const FeatureIndex& features_;
  std::vector<Drop>& drops_;
  Problems& problems_;
  std::vector<std::string>& warnings_;
  Causes mistakes_;                                // of single rows
  std::map<std::string, JoinedPatient> patients_;  // by bytes of the name
  std::set<std::string> in_slide_table_;           // patients
  std::set<std::string> filenames_, lost_filenames_;
  std::map<std::string, SlideRow> owners_;  // file to the first row that names it
};

}  // namespace

std::vector<JoinedPatient> join_tables(const CohortFiles& files, const Table& clini, const Table& slides,
                                       const FeatureIndex& features, std::vector<Drop>& drops, Problems& problems,
                                       std::vector<std::string>& warnings) {
  return Join(files, clini, slides, features, drops, problems, warnings).run();
}

}  // namespace mtlgrid
