#include "datasets/cohorts/same_patients.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/causes.h"
#include "base/text.h"
#include "datasets/cohorts/join_hints.h"

namespace mtlgrid {
namespace {

constexpr const char* kAdvice = "results on patients of the training say nothing, remove them from one of the tables";

std::optional<NameExplanation> explanation(const Cohort& cohort, const std::set<std::string>& others) {
  NameSearch search;
  for (const Patient& patient : cohort.patients) {
    if (!others.contains(patient.name)) search.lost.push_back(patient.name);
  }
  search.all = cohort.patients.size();
  search.others.assign(others.begin(), others.end());
  if (auto spelling = explain_by_spelling(search)) return spelling;
  constexpr std::size_t kMany = 3;  // one name may begin as another by chance
  auto beginnings = explain_by_beginnings(search);
  return beginnings && beginnings->count >= kMany ? beginnings : std::nullopt;
}

std::string sentence(const Cohort& cohort, const NameExplanation& e, const std::string& where) {
  return fmt::format("{} of cohort '{}' may be of {} under another name: {} {}",
                     counted(static_cast<std::int64_t>(e.count), "patient"), cohort.files.name, where, e.count,
                     e.difference);
}

std::set<std::string> features_of(const Patient& patient) {
  std::set<std::string> hashes;
  for (const FeatureFile& slide : patient.slides) {
    if (!slide.hash.empty()) hashes.insert(slide.hash);
  }
  return hashes;
}

std::set<std::string> names(const Cohort& cohort) {
  std::set<std::string> out;
  for (const Patient& patient : cohort.patients) out.insert(patient.name);
  return out;
}

// How many of the pairs have features in common.
std::size_t with_same_features(const Cohort& training, const Cohort& external, const NameExplanation& e) {
  std::map<std::string, const Patient*> there, here;
  for (const Patient& patient : training.patients) there[patient.name] = &patient;
  for (const Patient& patient : external.patients) here[patient.name] = &patient;
  return static_cast<std::size_t>(std::count_if(e.pairs.begin(), e.pairs.end(), [&](const auto& pair) {
    const std::set<std::string> a = features_of(*here.at(pair.first)), b = features_of(*there.at(pair.second));
    return std::any_of(a.begin(), a.end(), [&](const std::string& hash) { return b.contains(hash); });
  }));
}

using Slide = std::pair<std::string, std::string>;  // the file's name and its features' hash

Slide slide_of(const FeatureFile& file) { return {file.path.stem().string(), file.hash}; }

// Patients with other names and the same slides, but for those of `told`.
void add_same_slides(const Cohort& training, const Cohort& external, const std::set<std::string>& told,
                     std::vector<std::string>& warnings) {
  const std::set<std::string> trained = names(training);
  std::map<Slide, const std::string*> slides;
  for (const Patient& patient : training.patients) {
    for (const FeatureFile& file : patient.slides) slides.emplace(slide_of(file), &patient.name);
  }
  Causes causes;
  for (const Patient& patient : external.patients) {
    if (trained.contains(patient.name) || told.contains(patient.name)) continue;
    for (const FeatureFile& file : patient.slides) {
      const auto found = file.hash.empty() ? slides.end() : slides.find(slide_of(file));
      if (found == slides.end()) continue;
      causes.add(
          fmt::format("patients with slides (file names and features) of training cohort '{}'", training.files.name),
          fmt::format("'{}' has '{}' of '{}'", patient.name, slide_of(file).first, *found->second), kAdvice);
      break;
    }
  }
  Problems lines;
  causes.report(fmt::format("cohort '{}'", external.files.name), lines);
  warnings.insert(warnings.end(), lines.lines().begin(), lines.lines().end());
}

}  // namespace

std::string same_by_spelling(const Cohort& cohort, const std::set<std::string>& others, const std::string& where) {
  const auto e = explanation(cohort, others);
  return e ? sentence(cohort, *e, where) : "";
}

std::vector<std::string> warn_of_same_patients(const Cohort& training, const Cohort& external) {
  std::vector<std::string> warnings;
  std::set<std::string> told;
  if (const auto e = explanation(external, names(training))) {
    const std::size_t same = with_same_features(training, external, *e);
    const std::string features = same == 0 ? "" : fmt::format(", and {} of these have the same features there", same);
    warnings.push_back(fmt::format("{}{}; {}",
                                   sentence(external, *e, fmt::format("training cohort '{}'", training.files.name)),
                                   features, kAdvice));
    for (const auto& [name, other] : e->pairs) told.insert(name);
  }
  add_same_slides(training, external, told, warnings);
  return warnings;
}

}  // namespace mtlgrid
