#include "orchestrator/plan/split_json.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/decode.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

InputError not_splits(const std::filesystem::path& file, const std::string& why) {
  return InputError(
      fmt::format("{}: expected a splits.json file of STAMP, {{\"splits\": [{{\"train_patients\": [...], "
                  "\"test_patients\": [...]}}, ...]}}, or another form of docs/configuration.md: {}",
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

class JsonSplits {
 public:
  explicit JsonSplits(const std::filesystem::path& file) : file_(file) {}

  SplitFile read(const json& whole) {
    if (whole.is_object() && whole.contains("splits")) {
      splits(whole["splits"]);
    } else if (whole.is_object() && !whole.empty() &&
               std::all_of(whole.begin(), whole.end(), [](const json& v) { return name_of(v).has_value(); })) {
      folds_of_patients(whole);
    } else {
      splits(whole);
    }
    if (out_.splits.empty()) throw not_splits(file_, "it has no splits");
    for (const SplitLists& lists : out_.splits) out_.validation = out_.validation || !lists.valid.empty();
    if (!out_.stamp && out_.form.empty()) {
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

  const std::filesystem::path& file_;
  SplitFile out_;
};

}  // namespace

SplitFile read_split_json(const std::string& text, const std::filesystem::path& file) {
  try {
    return JsonSplits(file).read(decode_json(text));
  } catch (const DecodeError& e) {
    throw not_splits(file, e.what());
  }
}

}  // namespace mtlgrid
