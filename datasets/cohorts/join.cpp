#include "datasets/cohorts/join.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/causes.h"
#include "base/text.h"
#include "datasets/cohorts/join_columns.h"
#include "datasets/cohorts/join_hints.h"
#include "datasets/tables/columns.h"

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
       const std::function<bool(std::size_t)>& used, const JoinFindings& findings)
      : files_(files),
        clini_(clini),
        slides_(files.slides.empty() ? clini : slides),
        features_(features),
        used_(used),
        drops_(findings.drops),
        problems_(findings.problems),
        warnings_(findings.warnings),
        unlisted_(findings.unlisted),
        inferences_(findings.inferences),
        named_(findings.named) {}

  std::vector<JoinedPatient> run() {
    if (by_patients()) {
      const auto column = needed_column(clini_, files_.patient_column, problems_);
      if (!column) return {};
      read_patients(clini_, *column);
      for (const auto& row : clini_.rows) {
        const auto& patient = row.cells[*column];
        if (patient && !in_slide_table_.contains(*patient)) place_slide(row, patient, patient);
      }
    } else {
      const auto columns = join_columns(files_, clini_, slides_, problems_);
      if (!columns) return {};
      read_patients(files_.clini.empty() ? slides_ : clini_, columns->patient);
      for (const auto& row : slides_.rows) {
        place_slide(row, row.cells[columns->slide_patient], row.cells[columns->filename]);
      }
    }
    report_outside();
    mistakes_.report(slides_.path.string(), problems_);
    Problems unused;
    unused_.report(slides_.path.string() + ", rows of patients whom no pair uses", unused);
    warnings_.insert(warnings_.end(), unused.lines().begin(), unused.lines().end());
    return finish();
  }

 private:
  bool by_patients() const { return files_.slides.empty(); }  // no slide table

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

  static std::set<std::string> named_by(const FeatureIndex::Match& match) {
    return {match.files.begin(), match.files.end()};
  }

  void place_slide(const Table::Row& row, const std::optional<std::string>& patient,
                   const std::optional<std::string>& filename) {
    if (!patient) {
      if (filename) named_.merge(named_by(features_.find(*filename)));
      return drop("", filename.value_or(""), fmt::format("row {} of the slide table names no patient", row.line));
    }
    in_slide_table_.insert(*patient);
    if (!filename) return drop(*patient, "", fmt::format("row {} of the slide table names no file", row.line));
    const SlideRow slide{&row, *patient, *filename};
    const FeatureIndex::Match match = features_.find(*filename);
    filenames_.insert(*filename);
    named_.merge(named_by(match));
    if (match.files.empty()) lost_filenames_.insert(*filename);
    const auto known = patients_.find(*patient);
    if (known == patients_.end()) return drop(*patient, *filename, "patient not in the clinical table");
    if (!match.passed_over.empty()) both_.emplace(match.files[0], match.passed_over);
    if (const auto file = resolve(slide, match)) known->second.slides.push_back(*file);
  }

  bool used(const std::string& patient) const { return used_(patients_.at(patient).clini_row); }

  // A mistake in a row: an error if the patient is used.
  std::nullopt_t mistake(const SlideRow& slide, const std::string& cause, const std::string& example,
                         const std::string& advice) {
    (used(slide.patient) ? mistakes_ : unused_).add(cause, example, advice);
    drop(slide.patient, slide.filename, "no single feature file");
    return std::nullopt;
  }

  // The row's file if it exists and no earlier row names it; otherwise a drop or a mistake is added.
  std::optional<std::string> resolve(const SlideRow& slide, const FeatureIndex::Match& match) {
    const std::string row = fmt::format("row {}", slide.row->line);
    if (match.outside) {
      outside_.push_back(slide);
      return std::nullopt;
    }
    if (match.files.size() > 1) {
      const auto folder = std::filesystem::path(match.files[0]).parent_path();
      return mistake(slide, "ambiguous FILENAMEs",
                     fmt::format("'{}' in {} is '{}' or '{}'", slide.filename, row, match.files[0], match.files[1]),
                     fmt::format("expected paths relative to {}, or one of its folders as the cohort's (features = {})",
                                 files_.features.string(), (files_.features / folder).string()));
    }
    if (!match.misnamed_folder.empty()) {
      return mistake(slide, "FILENAMEs of files in a folder whose name is not UTF-8",
                     fmt::format("'{}' in {} is in '{}'", slide.filename, row, match.misnamed_folder),
                     "rename the folder");
    }
    if (match.files.empty()) return lose(slide);
    const auto [owner, first] = owners_.emplace(match.files[0], slide);
    if (first) return match.files[0];
    if (owner->second.patient != slide.patient) {
      const SlideRow& decisive = used(owner->second.patient) ? owner->second : slide;
      return mistake(decisive, "files of two patients",
                     fmt::format("'{}' of '{}' in {} is of '{}' in row {}", match.files[0], slide.patient, row,
                                 owner->second.patient, owner->second.row->line),
                     "expected one patient a file");
    }
    drop(slide.patient, slide.filename, "listed twice, counted once");
    return std::nullopt;
  }

  std::nullopt_t lose(const SlideRow& slide) {
    if (features_.may_be_unlisted(slide.filename) && used(slide.patient)) unlisted_filenames_.insert(slide.filename);
    if (by_patients()) return std::nullopt;  // the patient is dropped, and told with this
    drop(slide.patient, slide.filename,
         features_.is_folder(slide.filename) ? "a folder, not a feature file" : "no feature file");
    return std::nullopt;
  }

  // One cause, with what the folder has instead.
  void report_outside() {
    NameSearch search = file_search();
    search.lost.clear();
    for (const SlideRow& slide : outside_) search.lost.push_back(slide.filename);
    const std::string advice =
        outside_.empty() ? ""
                         : fmt::format("expected paths relative to {}: {}", files_.features.string(), nearest(search));
    for (const SlideRow& slide : outside_) {
      mistake(slide, "FILENAMEs outside the feature folder",
              fmt::format("'{}' in row {}", slide.filename, slide.row->line), advice);
    }
  }

  std::vector<JoinedPatient> finish() {
    const NameSearch patients = patient_search(), slides = file_search();
    std::vector<JoinedPatient> joined;
    for (auto& [name, patient] : patients_) {
      if (!patient.slides.empty()) {
        joined.push_back(std::move(patient));
      } else {
        drop(name, "",
             by_patients()                    ? "no feature file of that name"
             : in_slide_table_.contains(name) ? "no slide has a feature file"
                                              : "not in the slide table");
      }
    }
    warn_of_one_file_twice(joined);
    say_choice();
    warn_of_unread_folders();
    if (!unlisted_filenames_.empty()) return joined;  // what is lost is not known
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
                      in_slide_table_,
                      &clini_};
    for (const std::string& name : in_slide_table_) {
      if (!patients_.contains(name)) search.lost.push_back(name);
    }
    for (const auto& [name, patient] : patients_) search.others.push_back(name);
    return search;
  }

  NameSearch file_search() const {
    std::set<std::string> found;
    for (const auto& [file, owner] : owners_) found.insert(file);
    return {NameKind::files,
            (by_patients() ? "patients of " : "FILENAMEs of ") + slides_.path.string(),
            "files of " + files_.features.string(),
            {lost_filenames_.begin(), lost_filenames_.end()},
            filenames_.size(),
            features_.files(),
            found,
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

  // Links by which slides, or patients, are the same file.
  void warn_of_one_file_twice(const std::vector<JoinedPatient>& joined) {
    std::map<std::pair<dev_t, ino_t>, std::pair<const std::string*, const std::string*>> seen;  // patient, file
    Causes twice;
    for (const JoinedPatient& patient : joined) {
      for (const std::string& file : patient.slides) {
        struct stat status {};
        if (::stat((files_.features / file).c_str(), &status) != 0) continue;
        const auto [first, is_new] =
            seen.emplace(std::pair(status.st_dev, status.st_ino), std::pair(&patient.name, &file));
        if (is_new) continue;
        const auto& [other, other_file] = first->second;
        twice.add(
            *other == patient.name ? "two slides of a patient are one file" : "slides of two patients are one file",
            fmt::format("'{}' of '{}' is '{}' of '{}'", file, patient.name, *other_file, *other),
            "a link was followed: expected a file for each slide");
      }
    }
    Problems lines;
    twice.report(files_.features.string(), lines);
    warnings_.insert(warnings_.end(), lines.lines().begin(), lines.lines().end());
  }

  // Which of two files of one slide is read, and what stands for a slide table.
  void say_choice() {
    if (!both_.empty()) {
      const auto& [taken, other] = *both_.begin();
      inferences_.push_back(
          fmt::format("{} both as .h5 and as .pt ({} and {}{}): the .h5 is read",
                      both_.size() == 1 ? "1 slide is there" : fmt::format("{} slides are there", both_.size()), taken,
                      other, both_.size() > 1 ? ", ..." : ""));
    }
    if (by_patients()) {
      inferences_.push_back(
          fmt::format("no slide table: the file of a patient is {}/PATIENT.h5 or .pt", files_.features.string()));
    }
  }

  void warn_of_unread_folders() {
    Causes unread, unlisted;
    for (const auto& entry : features_.unread()) {
      (entry.unlisted && !unlisted_filenames_.empty() ? unlisted : unread).add(entry.reason, entry.path);
    }
    const std::string where = files_.features.string() + ": not looked into";
    Problems lines, closed;
    unread.report(where, lines);
    unlisted.report(where, closed);
    for (const auto& line : lines.lines()) {
      warnings_.push_back(fmt::format("{}; {} of the slide table were not found elsewhere", line,
                                      counted(static_cast<std::int64_t>(lost_filenames_.size()), "FILENAME")));
    }
    for (const auto& line : closed.lines()) {
      unlisted_.add(fmt::format(
          "{}; {} of patients who are used ({}) were found nowhere else and may be in it: let user {} list and search "
          "it (chmod u+rx), move it away, or remove these rows from {}",
          line, counted(static_cast<std::int64_t>(unlisted_filenames_.size()), "FILENAME"),
          examples({unlisted_filenames_.begin(), unlisted_filenames_.end()}), ::geteuid(), slides_.path.string()));
    }
  }

  const CohortFiles& files_;
  const Table& clini_;
  const Table& slides_;
  const FeatureIndex& features_;
  const std::function<bool(std::size_t)>& used_;
  std::vector<Drop>& drops_;
  Problems& problems_;
  std::vector<std::string>& warnings_;
  Problems& unlisted_;
  std::vector<std::string>& inferences_;
  std::set<std::string>& named_;
  std::map<std::string, std::string> both_;        // files that are read to those of the same slides that are not
  Causes mistakes_, unused_;                       // of single rows; of patients whom no pair uses
  std::map<std::string, JoinedPatient> patients_;  // by bytes of the name
  std::set<std::string> in_slide_table_;           // patients
  std::set<std::string> filenames_, lost_filenames_;
  std::set<std::string> unlisted_filenames_;  // lost, of used patients, and maybe in a folder that cannot be listed
  std::vector<SlideRow> outside_;
  std::map<std::string, SlideRow> owners_;  // file to the first row that names it
};

}  // namespace

std::vector<JoinedPatient> join_tables(const CohortFiles& files, const Table& clini, const Table& slides,
                                       const FeatureIndex& features, const std::function<bool(std::size_t)>& used,
                                       const JoinFindings& findings) {
  return Join(files, clini, slides, features, used, findings).run();
}

}  // namespace mtlgrid
