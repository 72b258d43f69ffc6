#include "orchestrator/proposal/proposal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/errors.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/seen_values.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

constexpr std::size_t kMostFolds = 5, kMostNamed = 20;

// Lines of a configuration.
class Lines {
 public:
  void comment(const std::string& text) { out_ += "; " + printable(text) + "\n"; }
  void section(const std::string& name) { out_ += fmt::format("[{}]\n", name); }
  // Throws InputError for a value that would be read as something else.
  void key(const std::string& name, const std::string& value) {
    if (!can_be_written(value)) {
      throw InputError(
          fmt::format("init: '{}' cannot be written as {}: it has line breaks or other characters that no "
                      "configuration can have",
                      printable(value), name));
    }
    out_ += fmt::format("{} = {}\n", name, value);
  }
  void blank() { out_ += "\n"; }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

std::string count_of(std::size_t number, const char* noun) { return counted(static_cast<std::int64_t>(number), noun); }

class Writer {
 public:
  Writer(const std::vector<CohortGuess>& cohorts, const std::vector<BiomarkerGuess>& biomarkers, const fs::path& out)
      : cohorts_(cohorts), biomarkers_(biomarkers), out_(out) {}

  Proposal proposal(const FoundFiles& found, std::vector<std::string> notes) {
    head(found);
    grid();
    for (const CohortGuess& guess : cohorts_) cohort(guess);
    for (const BiomarkerGuess& guess : biomarkers_) biomarker(guess);
    left_out();
    if (std::none_of(biomarkers_.begin(), biomarkers_.end(), usable)) ask_for_biomarker();
    proposal_.configuration = lines_.text();
    std::move(notes.begin(), notes.end(), std::back_inserter(proposal_.summary));
    return std::move(proposal_);
  }

 private:
  static bool usable(const BiomarkerGuess& guess) { return guess.proposed && !guess.auxiliaries.empty(); }

  void head(const FoundFiles& found) {
    std::string folders;
    for (const fs::path& folder : found.folders) folders += (folders.empty() ? "" : ", ") + folder.string();
    lines_.comment("Proposed by mtlgrid init from " + folders + ".");
    lines_.comment("The lines above a guess say what it was made from. Check them, then: mtlgrid plan " +
                   out_.filename().string());
    lines_.comment("docs/configuration.md explains every key, and those that have a default and are not here.");
    lines_.blank();
  }

  void grid() {
    const std::size_t smallest = smallest_class(biomarkers_);
    lines_.section("grid");
    lines_.key("store", "results/" + quoted_if_needed(out_.stem().string() + ".db"));
    if (smallest > 0 && smallest < kMostFolds) {
      lines_.comment(fmt::format("fewer than {}: the rarest class has {}", kMostFolds, count_of(smallest, "patient")));
    }
    lines_.key("folds", std::to_string(smallest == 0 ? kMostFolds : std::clamp<std::size_t>(smallest, 2, kMostFolds)));
    lines_.comment("the 17 of the paper's tables; for a first look: baseline, naive, autol+cagrad");
    lines_.key("methods", "paper");
    lines_.blank();
  }

  // Relative to the configuration, unless that leads far up.
  std::string path_text(const fs::path& path) const {
    const fs::path relative = path.lexically_relative(out_.parent_path());
    const auto ups = std::count(relative.begin(), relative.end(), "..");
    std::string text = relative.empty() || ups > 2 ? path.string() : relative.string();
    if (text.starts_with("~") || text.starts_with("$")) text.insert(0, "./");  // else taken for a shell's word
    return quoted_if_needed(text);
  }

  void cohort(const CohortGuess& guess) {
    const Assignment& assignment = guess.assignment;
    lines_.comment(fmt::format("{}: {} with {}{}", guess.set->root.string(),
                               count_of(assignment.rows.size(), "patient"), some_of(assignment, *guess.set),
                               said_of(*guess.set)));
    for (const std::string& caution : guess.cautions) {
      lines_.comment("check this: " + caution);
      proposal_.summary.push_back(fmt::format("check cohort {}: {}", guess.name, caution));
    }
    for (const FeatureSet* other : guess.alternatives) {
      lines_.comment(
          fmt::format("other features of these patients: features = {} ({})", path_text(other->root), said_of(*other)));
    }
    lines_.section("cohort." + guess.name);
    lines_.key("clini", path_text(assignment.clini->path));
    slides(guess);
    lines_.key("features", path_text(guess.set->root));
    columns(guess);
    if (const auto missing = missing_spellings(guess, biomarkers_); !missing.empty()) {
      lines_.comment("further spellings of a missing value in the columns below");
      lines_.key("missing", config_list(missing, missing.size()));
    }
    lines_.blank();
  }

  // "30 of " where a set has files of nobody.
  static std::string some_of(const Assignment& assignment, const FeatureSet& set) {
    return assignment.files.size() == set.files.size() ? "" : fmt::format("{} of ", assignment.files.size());
  }

  void left_out() {
    const auto lines = biomarkers_left_out(cohorts_, biomarkers_);
    for (const std::string& line : lines) lines_.comment(line);
    if (!lines.empty()) lines_.blank();
  }

  void slides(const CohortGuess& guess) {
    const Assignment& assignment = guess.assignment;
    lines_.comment(assignment.evidence);
    if (assignment.by_patient) {
      lines_.comment("these are the patients' own names, so there is no slide table");
      return;
    }
    if (assignment.slides != nullptr) {
      lines_.key("slides", path_text(assignment.slides->path));
      return;
    }
    const fs::path file = out_.parent_path() / fmt::format("{}-slides-{}.csv", out_.stem().string(), guess.name);
    lines_.comment("no table has these names as they are, so this one was written: check that patients and files fit");
    lines_.key("slides", path_text(file));
    proposal_.slide_tables.emplace_back(file, slide_table(assignment));
  }

  static std::string csv_cell(const std::string& text) {
    return text.find_first_of(",\"\r\n") == text.npos && !text.starts_with("#") ? text : in_quotes(text);
  }
  static std::string slide_table(const Assignment& assignment) {
    std::string out = "PATIENT,FILENAME\n";
    for (const auto& [patient, file] : assignment.pairs) out += csv_cell(patient) + "," + csv_cell(file) + "\n";
    return out;
  }

  void columns(const CohortGuess& guess) {
    const Assignment& assignment = guess.assignment;
    const std::string patient = name_to_write(*assignment.clini, assignment.patient_column);
    lines_.comment(fmt::format("column {} of the clinical table: {} have files", patient,
                               count_of(assignment.rows.size(), "patient")));
    lines_.key("patient_column", patient);
    if (assignment.by_patient) return;
    if (assignment.slides == nullptr) {
      if (patient != "PATIENT") lines_.key("slide_patient_column", "PATIENT");
      return;
    }
    const std::string of_slides = name_to_write(*assignment.slides, assignment.slide_patient_column);
    if (of_slides != patient) lines_.key("slide_patient_column", of_slides);
    lines_.key("filename_column", name_to_write(*assignment.slides, assignment.filename_column));
  }

  void biomarker(const BiomarkerGuess& guess) {
    const std::string label =
        fmt::format("column {} of cohort {}: {}", guess.label.column_name, guess.train->name, guess.label.evidence);
    if (!usable(guess)) {
      const char* why = guess.auxiliaries.empty() ? "no column can be its auxiliary" : "not a biomarker by its name";
      lines_.comment(fmt::format("not proposed, {}: {}", why, label));
      if (!guess.auxiliaries.empty()) commented(guess);
      lines_.blank();
      return;
    }
    lines_.comment(label);
    for (const std::string& comment : guess.comments) lines_.comment(comment);
    for (const auto& [key, value] : keys_of(guess)) {
      if (key == "auxiliaries") comment_auxiliaries(guess);
      key.empty() ? lines_.section(value) : lines_.key(key, value);
    }
    lines_.blank();
    std::string external;
    for (const CohortGuess* cohort : guess.external) external += ", external " + cohort->name;
    proposal_.summary.push_back(
        fmt::format("biomarker {}: {}, train {}{}", guess.name, guess.label.evidence, guess.train->name, external));
  }

  // A section that is there to be made active.
  void commented(const BiomarkerGuess& guess) {
    for (const auto& [key, value] : keys_of(guess)) {
      lines_.comment(key.empty() ? "[" + value + "]" : key + " = " + value);
    }
  }

  static std::vector<std::pair<std::string, std::string>> keys_of(const BiomarkerGuess& guess) {
    std::vector<std::pair<std::string, std::string>> keys = {{"", "biomarker." + guess.name},
                                                             {"train", guess.train->name}};
    std::string external;
    for (const CohortGuess* cohort : guess.external) external += (external.empty() ? "" : ", ") + cohort->name;
    if (!external.empty()) keys.emplace_back("external", external);
    keys.emplace_back("label", guess.label.column_name);
    keys.emplace_back("positive", config_list(guess.positive, guess.positive.size()));
    keys.emplace_back("negative", config_list(guess.negative, guess.negative.size()));
    if (!guess.ignore.empty()) keys.emplace_back("ignore", config_list(guess.ignore, guess.ignore.size()));
    keys.emplace_back("auxiliaries", list_of(guess.auxiliaries, guess.auxiliaries.size()));
    return keys;
  }

  static std::string list_of(const std::vector<AuxiliaryGuess>& auxiliaries, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < std::min(most, auxiliaries.size()); ++i) {
      const AuxiliaryGuess& one = auxiliaries[i];
      out += (out.empty() ? "" : ", ") + (one.name == one.column_name ? one.name : one.name + ": " + one.column_name);
    }
    return out;
  }

  void comment_auxiliaries(const BiomarkerGuess& guess) {
    const auto kind = guess.auxiliaries.front().kind;
    lines_.comment(
        kind == AuxiliaryGuess::Kind::signature ? "the paper's signatures, by the names of their columns"
        : kind == AuxiliaryGuess::Kind::score
            ? "scores of Thorsson et al. 2018, by the names of their columns"
            : "columns of numbers, of which nothing else is known: keep those that have to do with the label");
    if (guess.others.empty()) return;
    const std::string more =
        guess.others.size() > kMostNamed ? fmt::format(" and {} more", guess.others.size() - kMostNamed) : "";
    lines_.comment("further columns of numbers: " + list_of(guess.others, kMostNamed) + more);
  }

  void ask_for_biomarker() {
    proposal_.complete = false;
    lines_.comment("No column was found to be a label with an auxiliary beside it. Complete this section:");
    for (const char* line : {"[biomarker.NAME]", "train = COHORT", "label = COLUMN with two classes",
                             "positive = VALUE", "negative = VALUE", "auxiliaries = COLUMN with numbers"}) {
      lines_.comment(line);
    }
    proposal_.summary.push_back(
        "no biomarker proposed: no column has two classes beside one with numbers; complete the "
        "section [biomarker.NAME]");
  }

  const std::vector<CohortGuess>& cohorts_;
  const std::vector<BiomarkerGuess>& biomarkers_;
  const fs::path& out_;
  Lines lines_;
  Proposal proposal_;
};

}  // namespace

Proposal proposal_of(const std::vector<CohortGuess>& cohorts, const std::vector<BiomarkerGuess>& biomarkers,
                     const FoundFiles& found, const fs::path& out, std::vector<std::string> notes) {
  return Writer(cohorts, biomarkers, out).proposal(found, std::move(notes));
}

}  // namespace mtlgrid
