#include "datasets/cohorts/load_cohort.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/cohorts/file_check.h"
#include "datasets/cohorts/join.h"
#include "datasets/cohorts/join_columns.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/feature_summary.h"
#include "datasets/features/features.h"
#include "datasets/features/fingerprint.h"
#include "datasets/tables/read_table.h"

namespace mtlgrid {
namespace {

struct Tables {
  Table clini, slides;
  std::optional<FeatureIndex> features;
};

// nullopt if any of the three cannot be read; `problems` then has the reasons.
std::optional<Tables> read_inputs(const CohortFiles& files, FeatureDisk& disk, Problems& problems) {
  Tables tables;
  Problems own, unread;
  std::optional<SystemError> refused;  // the first
  const auto read = [&](auto&& action) {
    try {
      own.collect([&] { with_retries(disk, !refused, action); });
    } catch (const SystemError& e) {
      const std::string line = e.what();  // both tables may be one file
      const auto& lines = unread.lines();
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) unread.add(line);
      if (!refused) refused = e;
    }
  };
  if (!files.clini.empty()) {
    read([&] { tables.clini = read_table(files.clini, {files.missing, files.patient_column}); });
  }
  if (!files.slides.empty()) {
    read([&] { tables.slides = read_table(files.slides, {files.missing, slide_patient_column(files)}); });
  }
  read([&] { tables.features.emplace(files.features); });
  if (own.empty() && refused && unread.lines().size() == 1) throw SystemError(*refused);
  if (own.empty() && refused) throw Error(ErrorKind::needs_person, InputError(unread.lines()).what());
  for (const Problems* all : {&own, &unread}) {
    for (const auto& line : all->lines()) problems.add(line);
  }
  if (!own.empty()) return std::nullopt;
  return tables;
}

// What was not said by the files, or is spelled in several ways.
std::vector<std::string> spellings(const std::filesystem::path& folder, const std::vector<Candidate>& files) {
  std::map<std::string, std::vector<const Candidate*>> datasets, extractors;
  for (const auto& file : files) {
    if (!file.info) continue;
    datasets[file.info->dataset].push_back(&file);
    extractors[file.info->extractor].push_back(&file);
  }
  std::vector<std::string> out;
  const auto evidence = [&](const std::vector<const Candidate*>& with) {
    return fmt::format("{} of {} ({}{})", counted(static_cast<std::int64_t>(with.size()), "file"), folder.string(),
                       with.front()->relative, with.size() > 1 ? ", ..." : "");
  };
  for (const auto& [dataset, with] : datasets) {
    if (dataset == "feats" || dataset.empty()) continue;
    out.push_back(fmt::format("features are read from {} '{}' of {}: no 'feats' there",
                              with.front()->info->pytorch ? "entry" : "dataset", printable(dataset), evidence(with)));
  }
  for (const auto& [extractor, with] : extractors) {
    const std::string name = extractor_of(*with.front()->info);
    if (name == extractor) continue;
    out.push_back(fmt::format("extractor '{}' is '{}': {}", extractor, name, evidence(with)));
  }
  return out;
}

// What the readers of tables inferred, and what the feature files say.
void add_inferences(const Tables& tables, const std::vector<Candidate>& files, Cohort& cohort) {
  for (const Table* table : {&std::as_const(cohort.clini), &tables.slides}) {
    for (const std::string& sentence : table->inferences) {
      cohort.inferences.push_back(fmt::format("{}: {}", table->path.filename().string(), sentence));
    }
  }
  std::vector<FeatureInfo> infos;
  for (const Candidate& file : files) {
    if (file.info) infos.push_back(*file.info);
  }
  if (!infos.empty()) cohort.inferences.push_back(feature_summary(infos));
  if (cohort.level != FeatureLevel::tile && !infos.empty()) {
    cohort.inferences.push_back(level_text(cohort.level) + ": a bag of one row a file");
  }
  const bool of_tiles = cohort.level == FeatureLevel::tile || cohort.level == FeatureLevel::row;
  if (const std::string unsaid = unsaid_geometry(cohort.geometries); of_tiles && !unsaid.empty()) {
    cohort.inferences.push_back(unsaid);
  }
  for (std::string& sentence : spellings(cohort.files.features, files))
    cohort.inferences.push_back(std::move(sentence));
}

// Reads the files of the patients into `cohort.patients`, and its fingerprint. Slides without tissue, whose files have
// no tiles, are dropped, and patients who have no others. Returns all files.
std::vector<Candidate> read_patients(const std::vector<JoinedPatient>& joined,
                                     const std::function<bool(std::size_t)>& is_used, FileCheck& check,
                                     Cohort& cohort) {
  std::vector<Candidate> checked;
  Fingerprint fingerprint;
  const auto drop = [&](const std::string& patient, const std::string& slide, const char* reason) {
    cohort.drops.push_back({cohort.files.name, patient, slide, reason});
  };
  for (const auto& patient : joined) {
    const std::size_t first = checked.size();
    for (const auto& slide : patient.slides) {
      check.check(checked.emplace_back(Candidate{slide, cohort.files.features / slide, is_used(patient.clini_row)}));
      if (checked.back().empty()) drop(patient.name, slide, "no tiles: a slide without tissue");
    }
    const auto slides = std::span(checked).subspan(first);
    const auto with_tiles = std::count_if(slides.begin(), slides.end(), [](const Candidate& f) { return !f.empty(); });
    if (with_tiles == 0) {
      drop(patient.name, "", "no slide has tiles");
      continue;
    }
    Patient& added = cohort.patients.emplace_back(Patient{patient.name, {}, patient.clini_row});
    fingerprint.add(patient.name);
    fingerprint.add(std::to_string(with_tiles));
    Fingerprint own;
    for (const Candidate& file : slides) {
      if (file.empty()) continue;
      for (Fingerprint* hash : {&fingerprint, &own}) {
        hash->add(file.slide());
        hash->add(file.hash);
      }
      added.slides.push_back({file.path, file.info ? file.info->tiles : 0, file.hash});
    }
    added.fingerprint = own.hex();
  }
  if (!checked.empty()) cohort.fingerprint = fingerprint.hex();
  return checked;
}

}  // namespace

Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses) {
  return load_cohort(files, memory, problems, uses, FeatureDisk::real());
}

Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses, FeatureDisk& disk) {
  DirectReader reader(disk);
  return load_cohort(files, memory, problems, uses, reader, disk);
}

Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses, FeatureReader& reader, FeatureDisk& disk) {
  Cohort cohort;
  cohort.files = files;
  auto tables = read_inputs(files, disk, problems);
  if (!tables) return cohort;
  const auto is_used = [&](std::size_t row) { return files.clini.empty() || may_be_used(tables->clini, row, uses); };
  Problems unlisted;
  std::set<std::string> named;
  const auto joined = join_tables(files, tables->clini, tables->slides, *tables->features, is_used,
                                  {cohort.drops, problems, cohort.warnings, unlisted, cohort.inferences, named});
  for (std::string& file : tables->features->slides()) {
    (named.contains(file) ? cohort.named_files : cohort.unnamed_files).push_back(std::move(file));
  }

  FileCheck check(files.features, unlisted, memory, reader);
  const std::vector<Candidate> checked = read_patients(joined, is_used, check, cohort);
  cohort.clini = std::move(tables->clini);
  if (checked.empty()) {
    check.report(problems, cohort.warnings);
    return cohort;
  }
  if (cohort.patients.empty()) {
    problems.add(fmt::format("{}: no file has tiles ({} read), expected some", files.features.string(),
                             counted(static_cast<std::int64_t>(checked.size()), "file")));
  }
  cohort.width = check.width(checked);
  cohort.level = check.level(checked);
  cohort.geometries = check.geometries(checked);
  const auto has = [&](auto&& what) {
    return std::any_of(checked.begin(), checked.end(),
                       [&](const Candidate& f) { return f.used && f.info && !f.empty() && what(*f.info); });
  };
  const bool by_extractor = has([](const FeatureInfo& i) { return !i.extractor.empty() && !i.by_encoder; });
  cohort.extractor = check.extractor(checked, by_extractor);
  cohort.by_encoder = !by_extractor && !cohort.extractor.empty();
  cohort.by_pytorch = !has([](const FeatureInfo& i) { return !i.pytorch; });
  const auto may_lack_it = [&](const FeatureInfo& i) {
    return i.extractor.empty() && (cohort.by_encoder || i.pytorch);
  };
  if (!cohort.extractor.empty() && has(may_lack_it)) {
    cohort.warnings.push_back(fmt::format("{}: not all files say which extractor wrote them, the others say '{}'",
                                          files.features.string(), cohort.extractor));
  }
  add_inferences(*tables, checked, cohort);
  check.report(problems, cohort.warnings);
  return cohort;
}

}  // namespace mtlgrid
