#include "orchestrator/plan/split_json.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/decode.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

InputError not_splits(const std::filesystem::path& file, const std::string& why) {
  return InputError(
      fmt::format("{}: expected a splits.json file of STAMP, {{\"splits\": [{{\"train_patients\": [...], "
                  "\"test_patients\": [...]}}, ...]}}, or another form of docs/data.md: {}",
                  file.string(), why));
}

// A name or the name of a fold; numbers as they are written.
std::optional<std::string> name_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

// "train_patients", "train", "Test_IDs".
std::optional<SplitPart> part_of_key(std::string key) {
  key = lower_ascii(key);
  for (const std::string_view ending : {"_patients", "_ids", "_cases", "_slides"}) {
    if (key.ends_with(ending)) key.resize(key.size() - ending.size());
  }
  return part_of(key);
}

// Slideflow's plan of a cross-validation: the names of its folds and the slides that each tests. Empty if it has none,
// as plans of another strategy.
std::vector<std::string> folds_of_plan(const json& plan) {
  std::vector<std::string> names;
  if (!plan.is_object() || !plan.contains("tfrecords") || !plan["tfrecords"].is_object()) return names;
  for (const auto& [name, slides] : plan["tfrecords"].items()) {
    if (name.starts_with("k-fold-")) names.push_back(name);
  }
  return names;
}

bool has_plans(const json& whole) {
  return whole.is_array() && std::any_of(whole.begin(), whole.end(),
                                         [](const json& v) { return v.is_object() && v.contains("tfrecords"); });
}

class JsonSplits {
 public:
  JsonSplits(const std::filesystem::path& file, int folds) : file_(file), folds_(folds) {}

  SplitFile read(const json& whole) {
    if (has_plans(whole)) {
      plan_of_slideflow(whole);
    } else if (whole.is_object() && whole.contains("splits")) {
      splits(whole["splits"]);
    } else if (whole.is_object() && !whole.empty() &&
               std::all_of(whole.begin(), whole.end(), [](const json& v) { return name_of(v).has_value(); })) {
      folds_of_patients(whole);
    } else {
      splits(whole);
    }
    if (out_.splits.empty()) throw not_splits(file_, "it has no splits");
    for (const SplitLists& lists : out_.splits) out_.validation = out_.validation || !lists.valid.empty();
    if (out_.stamp) {
      out_.form = fmt::format("{} of STAMP", counted(std::ssize(out_.splits), "split"));
    } else if (out_.form.empty()) {
      out_.form = fmt::format("{} in JSON{}", counted(std::ssize(out_.splits), "split"),
                              out_.validation ? ", with their validation patients" : "");
    }
    return std::move(out_);
  }

 private:
  void splits(const json& of) {
    if (of.is_array()) {
      for (std::size_t i = 0; i < of.size(); ++i) split(of[i], fmt::format("split {}", i + 1));
      return;
    }
    if (!of.is_object()) throw not_splits(file_, "neither a list nor an object of splits");
    std::vector<std::string> names;
    for (const auto& [name, value] : of.items()) names.push_back(name);
    sort_fold_names(names);
    for (const std::string& name : names) split(of[name], fmt::format("split '{}'", name));
  }

  void split(const json& of, const std::string& where) {
    if (!of.is_object()) throw not_splits(file_, fmt::format("{} is not an object of lists", where));
    SplitLists& lists = out_.splits.emplace_back();
    lists.where = where;
    std::set<SplitPart> parts;
    for (const auto& [key, names] : of.items()) {
      const auto part = part_of_key(key);
      if (!part) continue;
      if (!parts.insert(*part).second) throw not_splits(file_, fmt::format("{} has a part twice, '{}'", where, key));
      add(names, lists.of(*part), fmt::format("'{}' of {}", key, where));
    }
    for (const auto& [part, key] :
         {std::pair(SplitPart::train, "train_patients"), {SplitPart::test, "test_patients"}}) {
      if (!parts.contains(part)) throw not_splits(file_, fmt::format("{} has no {}", where, key));
    }
    out_.stamp = of.contains("train_patients") && of.contains("test_patients") && !parts.contains(SplitPart::valid) &&
                 (out_.stamp || out_.splits.size() == 1);
  }

  void add(const json& names, std::set<std::string>& list, const std::string& what) {
    if (!names.is_array()) throw not_splits(file_, what + " is not a list");
    for (const json& element : names) {
      const auto name = name_of(element);
      if (!name) throw not_splits(file_, what + " has an element that is not a name");
      list.insert(*name);
    }
  }

  void folds_of_patients(const json& whole) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& [patient, fold] : whole.items()) pairs.emplace_back(patient, *name_of(fold));
    out_.splits = lists_of_folds(pairs);
    out_.form = "JSON with the fold in which each patient is tested";
  }

  // The file collects the plans of all that was trained from it: one of as many folds as are wanted, or the only one.
  void plan_of_slideflow(const json& plans) {
    std::vector<std::size_t> with_folds, fitting;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const std::size_t folds = folds_of_plan(plans[i]).size();
      if (folds > 0) with_folds.push_back(i);
      if (folds == static_cast<std::size_t>(folds_)) fitting.push_back(i);
    }
    if (with_folds.empty()) {
      throw InputError(
          fmt::format("{}: none of the {} of Slideflow in it is a cross-validation (strategy k-fold or "
                      "k-fold-preserved-site)",
                      file_.string(), counted(std::ssize(plans), "plan")));
    }
    if (fitting.size() > 1) {
      throw InputError(
          fmt::format("{}: has {} of Slideflow with {} folds; keep the one that is meant in a copy of the "
                      "file, and name the copy",
                      file_.string(), counted(std::ssize(fitting), "plan"), folds_));
    }
    if (fitting.empty() && with_folds.size() > 1) {
      throw InputError(fmt::format("{}: has {} of Slideflow, none of them with {} folds", file_.string(),
                                   counted(std::ssize(with_folds), "plan"), folds_));
    }
    const std::size_t chosen = fitting.empty() ? with_folds[0] : fitting[0];
    const json& slides = plans[chosen]["tfrecords"];
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const std::string& fold : folds_of_plan(plans[chosen])) {
      std::set<std::string> names;
      add(slides[fold], names, fmt::format("'{}' of plan {}", fold, chosen + 1));
      for (const std::string& name : names) pairs.emplace_back(name, fold);
    }
    out_.splits = lists_of_folds(pairs);
    out_.form =
        fmt::format("plan {} of {} of Slideflow, each slide in the fold that tests it", chosen + 1, plans.size());
  }

  const std::filesystem::path& file_;
  int folds_;
  SplitFile out_;
};

}  // namespace

SplitFile read_split_json(const std::string& text, const std::filesystem::path& file, int folds) {
  try {
    return JsonSplits(file, folds).read(decode_json(text));
  } catch (const DecodeError& e) {
    throw not_splits(file, e.what());
  }
}

}  // namespace mtlgrid
