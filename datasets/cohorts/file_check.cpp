#include "datasets/cohorts/file_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "base/system_error.h"
#include "base/text.h"
#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid {
namespace {

// What is wrong with a file that has another value than it should.
struct Difference {
  std::string cause, expected;
};

// Where faults are collected, of files that pairs use and of others.
struct Faults {
  Causes &used, &unused;
};

// All files must have the same value of `property`: those that differ from the most frequent value are faults, told by
// `difference(value, expected, a file that has it)`. Returns that value. A value that is none yields to any other.
// Files that no pair uses count where no other is there; those of which `counts` is false never do.
template <typename Property, typename Counts, typename Differs>
auto common(const std::vector<Candidate>& files, const Faults& faults, Property&& property, Counts&& counts,
            Differs&& difference) {
  using Value = decltype(property(*files.front().info));
  const auto has = [&](const Candidate& f) { return f.info && !f.empty() && counts(*f.info); };
  const bool any_used =
      std::any_of(files.begin(), files.end(), [](const auto& f) { return f.used && f.info && !f.empty(); });
  std::map<Value, std::vector<const Candidate*>> by_value;
  for (const auto& file : files) {
    if (has(file) && (file.used || !any_used)) by_value[property(*file.info)].push_back(&file);
  }
  if (by_value.empty()) return Value{};
  const auto rank = [](const auto& entry) { return std::pair(entry.first != Value{}, entry.second.size()); };
  const auto most = std::max_element(by_value.begin(), by_value.end(),
                                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  for (const auto& file : files) {
    if (!has(file) || property(*file.info) == most->first) continue;
    const Difference d = difference(property(*file.info), most->first, most->second.front()->relative);
    (file.used ? faults.used : faults.unused).add(d.cause, file.relative, d.expected);
  }
  return most->first;
}

// "features of tiles in 3 files (a.h5, b.h5, c.h5)".
std::string said(FeatureLevel level, const std::vector<const Candidate*>& files) {
  constexpr std::size_t kExamples = 3;
  std::vector<std::string> examples;
  for (const Candidate* file : files) {
    if (examples.size() < kExamples) examples.push_back(printable(file->relative));
  }
  return fmt::format("{} in {} ({}{})", level_text(level), counted(static_cast<std::int64_t>(files.size()), "file"),
                     fmt::join(examples, ", "), files.size() > examples.size() ? ", ..." : "");
}

}  // namespace

void FileCheck::check(Candidate& file) {
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

std::int64_t FileCheck::width(const std::vector<Candidate>& files) {
  return common(
      files, {faults_, unused_}, [](const FeatureInfo& i) { return i.width; }, [](const FeatureInfo&) { return true; },
      [](std::int64_t value, std::int64_t expected, const std::string& as_in) {
        return Difference{fmt::format("features a tile: '{}'", value),
                          fmt::format("expected '{}' as in {}", expected, as_in)};
      });
}

std::string FileCheck::extractor(const std::vector<Candidate>& files, bool all_must) {
  return common(
      files, {faults_, unused_}, extractor_of,
      [&](const FeatureInfo& i) { return !i.extractor.empty() || (all_must && !i.pytorch); },
      [](const std::string& value, const std::string& expected, const std::string& as_in) {
        const std::string wanted = fmt::format("expected '{}' as in {}", printable(expected), as_in);
        if (!value.empty()) return Difference{fmt::format("extractor '{}'", printable(value)), wanted};
        return Difference{"no attribute 'extractor'", wanted + "; " + advice_on_unnamed_extractor(expected)};
      });
}

FeatureLevel FileCheck::level(const std::vector<Candidate>& files) {
  std::map<FeatureLevel, std::vector<const Candidate*>> levels;
  for (const Candidate& file : files) {
    if (file.used && file.info && !file.empty()) levels[file.info->level].push_back(&file);
  }
  if (levels.empty()) return FeatureLevel::tile;
  FeatureLevel common = levels.begin()->first;
  for (const auto& [level, with] : levels) {
    for (const auto& [other, with_other] : levels) {
      const auto difference = other < level ? level_difference(other, level) : std::nullopt;
      if (!difference) continue;
      mixed_.add(fmt::format("{}: {}, beside {}; {}", folder_.string(), said(level, with), said(other, with_other),
                             *difference));
    }
    common = common_level(common, level);
  }
  return common;
}

std::vector<GeometryGroup> FileCheck::geometries(const std::vector<Candidate>& files) {
  std::vector<GeometryGroup> groups;
  for (const Candidate& file : files) {
    if (file.used && file.info && !file.empty()) {
      add_to_groups(groups, file.info->geometry, extractor_of(*file.info), file.relative);
    }
  }
  by_frequency(groups);
  const std::string conflict = geometry_conflict(groups, {groups.rbegin(), groups.rend()});
  if (!conflict.empty()) mixed_.add(fmt::format("{}: {}; {}", folder_.string(), conflict, kCutAlike));
  return groups;
}

void FileCheck::report(Problems& problems, std::vector<std::string>& warnings) const {
  Problems unused, zeros, unread = unlisted_;
  zeros_.report(folder_.string(), zeros);
  warnings.insert(warnings.end(), zeros.lines().begin(), zeros.lines().end());
  unused_.report(folder_.string() + ", files of patients whom no pair uses", unused);
  warnings.insert(warnings.end(), unused.lines().begin(), unused.lines().end());
  faults_.report(folder_.string(), problems);
  for (const auto& line : mixed_.lines()) problems.add(line);
  system_.report(folder_.string(), unread);
  if (problems.empty() && !unread.empty()) throw Error(ErrorKind::needs_person, InputError(unread.lines()).what());
  for (const auto& line : unread.lines()) problems.add(line);
}

}  // namespace mtlgrid
