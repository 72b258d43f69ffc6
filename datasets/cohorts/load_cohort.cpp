#include "datasets/cohorts/load_cohort.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "base/causes.h"
#include "base/text.h"
#include "datasets/cohorts/join.h"
#include "datasets/cohorts/join_columns.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/feature_summary.h"
#include "datasets/features/features.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/fingerprint.h"
#include "datasets/tables/read_table.h"

namespace mtlgrid {
namespace {

// A feature file of the cohort while it is checked. `info` is empty if its header is bad.
struct Candidate {
  std::string relative;  // to the feature folder
  std::filesystem::path path;
  bool used = true;
  std::optional<FeatureInfo> info{};
  std::string hash{};
  std::string slide() const { return std::filesystem::path(relative).stem().string(); }
};

// Checks the files of a cohort one after the other, and collects what is wrong with them by cause.
class FileCheck {
 public:
  // `unlisted`: lines on slides in folders that cannot be listed.
  FileCheck(const std::filesystem::path& folder, const Problems& unlisted, FingerprintMemory& memory,
            FeatureReader& reader)
      : folder_(folder), unlisted_(unlisted), memory_(memory), reader_(reader) {}

  void check(Candidate& file) {
    try {
      const auto stamp = stamp_of(file.path);
      const auto known = memory_.find(file.path);
      CheckedFile checked = reader_.read(file.path, !known, patient_);
      file.info = std::move(checked.info);
      file.hash = known ? *known : std::move(checked.hash);
      if (!known) memory_.remember(file.path, file.hash, stamp);
      if (file.used && checked.zero_tiles > 0) {
        zeros_.add("tiles of zeros alone at the end",
                   fmt::format("{}: {} of {} tiles", file.relative, checked.zero_tiles, file.info->tiles),
                   "the extraction may have broken off: look at these files, and extract them again");
      }
    } catch (const FileFault& e) {
      const std::string example = e.detail().empty() ? file.relative : file.relative + ": " + e.detail();
      (file.used ? faults_ : unused_).add(e.cause(), example, e.expected());
    } catch (const SystemError& e) {
      patient_ = false;  // not once more for each file: thousands may follow
      // What may pass must not change the cohort's fingerprint; a writer may have left its mark for good.
      (file.used || (e.may_pass() && e.number() != ETXTBSY) ? system_ : unused_)
          .add(e.cause(), file.relative, e.advice());
    }
  }

  // What is wrong with a file that has another value than it should.
  struct Difference {
    std::string cause, expected;
  };

  // All files must have the same value of `property`: those that differ from the most frequent value are faults, told
  // by `difference(value, expected, a file that has it)`. Returns that value. A value that is none yields to any other.
  // Files that no pair uses count where no other is there; those of which `counts` is false never do.
  template <typename Property, typename Counts, typename Differs>
  auto common(const std::vector<Candidate>& files, Property&& property, Counts&& counts, Differs&& difference) {
    using Value = decltype(property(*files.front().info));
    const bool any_used = std::any_of(files.begin(), files.end(), [](const auto& f) { return f.used && f.info; });
    std::map<Value, std::vector<const Candidate*>> by_value;
    for (const auto& file : files) {
      if (file.info && counts(*file.info) && (file.used || !any_used)) by_value[property(*file.info)].push_back(&file);
    }
    if (by_value.empty()) return Value{};
    const auto rank = [](const auto& entry) { return std::pair(entry.first != Value{}, entry.second.size()); };
    const auto most = std::max_element(by_value.begin(), by_value.end(),
                                       [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    for (const auto& file : files) {
      if (!file.info || !counts(*file.info) || property(*file.info) == most->first) continue;
      const Difference d = difference(property(*file.info), most->first, most->second.front()->relative);
      (file.used ? faults_ : unused_).add(d.cause, file.relative, d.expected);
    }
    return most->first;
  }

  std::int64_t width(const std::vector<Candidate>& files) {
    return common(
        files, [](const FeatureInfo& i) { return i.width; }, [](const FeatureInfo&) { return true; },
        [](std::int64_t value, std::int64_t expected, const std::string& as_in) {
          return Difference{fmt::format("features a tile: '{}'", value),
                            fmt::format("expected '{}' as in {}", expected, as_in)};
        });
  }

  // `all_must`: files that name no extractor are faults where others name one.
  std::string extractor(const std::vector<Candidate>& files, bool all_must) {
    return common(
        files, extractor_of, [&](const FeatureInfo& i) { return all_must || !i.extractor.empty(); },
        [](const std::string& value, const std::string& expected, const std::string& as_in) {
          const std::string wanted = fmt::format("expected '{}' as in {}", printable(expected), as_in);
          if (!value.empty()) return Difference{fmt::format("extractor '{}'", printable(value)), wanted};
          return Difference{"no attribute 'extractor'", wanted + "; " + advice_on_unnamed_extractor(expected)};
        });
  }

  // Adds what was found. Throws Error(needs_person) if files or folders could not be read and nothing else is wrong.
  void report(Problems& problems, std::vector<std::string>& warnings) const {
    Problems unused, zeros, unread = unlisted_;
    zeros_.report(folder_.string(), zeros);
    warnings.insert(warnings.end(), zeros.lines().begin(), zeros.lines().end());
    unused_.report(folder_.string() + ", files of patients whom no pair uses", unused);
    warnings.insert(warnings.end(), unused.lines().begin(), unused.lines().end());
    faults_.report(folder_.string(), problems);
    system_.report(folder_.string(), unread);
    if (problems.empty() && !unread.empty()) throw Error(ErrorKind::needs_person, InputError(unread.lines()).what());
    for (const auto& line : unread.lines()) problems.add(line);
  }

 private:
  const std::filesystem::path& folder_;
  const Problems& unlisted_;
  FingerprintMemory& memory_;
  FeatureReader& reader_;
  bool patient_ = true;  // no file could not be read yet
  Causes faults_, system_, unused_, zeros_;
};

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
  read([&] { tables.slides = read_table(files.slides, {files.missing, slide_patient_column(files)}); });
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
    if (dataset == "feats") continue;
    out.push_back(fmt::format("features are read from dataset '{}' of {}: no 'feats' there", dataset, evidence(with)));
  }
  for (const auto& [extractor, with] : extractors) {
    const std::string name = extractor_of(*with.front()->info);
    if (name == extractor) continue;
    out.push_back(fmt::format("extractor '{}' is '{}': {}", extractor, name, evidence(with)));
  }
  return out;
}

// The files' one tile size; a warning and "" where they have several.
std::string common_tile_size(const std::vector<Candidate>& files, Cohort& cohort) {
  std::map<std::string, std::size_t> sizes;
  for (const auto& file : files) {
    if (file.used && file.info && !file.info->tile_size.empty()) ++sizes[file.info->tile_size];
  }
  if (sizes.size() == 1) return sizes.begin()->first;
  std::vector<std::string> parts;
  for (const auto& [size, count] : sizes) {
    parts.push_back(fmt::format("{} in {}", size, counted(static_cast<std::int64_t>(count), "file")));
  }
  if (!parts.empty()) {
    cohort.warnings.push_back(
        fmt::format("{}: tiles of several sizes: {}", cohort.files.features.string(), fmt::join(parts, ", ")));
  }
  return "";
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
  for (std::string& sentence : spellings(cohort.files.features, files))
    cohort.inferences.push_back(std::move(sentence));
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
  const auto joined = join_tables(files, tables->clini, tables->slides, *tables->features, is_used,
                                  {cohort.drops, problems, cohort.warnings, unlisted});

  std::vector<Candidate> checked;
  FileCheck check(files.features, unlisted, memory, reader);
  Fingerprint fingerprint;
  for (const auto& patient : joined) {
    const bool used = is_used(patient.clini_row);
    cohort.patients.push_back({patient.name, {}, patient.clini_row});
    fingerprint.add(patient.name);
    fingerprint.add(std::to_string(patient.slides.size()));
    Fingerprint own;
    for (const auto& slide : patient.slides) {
      Candidate& file = checked.emplace_back(Candidate{slide, files.features / slide, used});
      check.check(file);
      for (Fingerprint* hash : {&fingerprint, &own}) {
        hash->add(file.slide());
        hash->add(file.hash);
      }
      cohort.patients.back().slides.push_back({file.path, file.info ? file.info->tiles : 0, file.hash});
    }
    cohort.patients.back().fingerprint = own.hex();
  }
  cohort.clini = std::move(tables->clini);
  if (checked.empty()) {
    check.report(problems, cohort.warnings);
    return cohort;
  }
  cohort.width = check.width(checked);
  const auto has = [&](auto&& what) {
    return std::any_of(checked.begin(), checked.end(),
                       [&](const Candidate& f) { return f.used && f.info && what(*f.info); });
  };
  const bool by_extractor = has([](const FeatureInfo& i) { return !i.extractor.empty() && !i.by_encoder; });
  cohort.extractor = check.extractor(checked, by_extractor);
  cohort.by_encoder = !by_extractor && !cohort.extractor.empty();
  if (cohort.by_encoder && has([](const FeatureInfo& i) { return i.extractor.empty(); })) {
    cohort.warnings.push_back(fmt::format("{}: not all files say which extractor wrote them, the others say '{}'",
                                          files.features.string(), cohort.extractor));
  }
  cohort.tile_size = common_tile_size(checked, cohort);
  cohort.fingerprint = fingerprint.hex();
  add_inferences(*tables, checked, cohort);
  check.report(problems, cohort.warnings);
  return cohort;
}

}  // namespace mtlgrid
