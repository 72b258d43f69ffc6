#include "orchestrator/plan/written_splits.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/errors.h"

namespace mtlgrid {
namespace {

std::string splits_of(const Plan& plan, const Pair& pair) {
  const auto& patients = plan.experiment.cohorts[static_cast<std::size_t>(pair.training.cohort)].patients;
  const auto names = [&](const std::vector<int>& rows) {
    std::set<std::string> out;
    for (const int row : rows) {
      out.insert(patients[static_cast<std::size_t>(pair.training.patient[static_cast<std::size_t>(row)])].name);
    }
    return out;
  };
  nlohmann::ordered_json splits = nlohmann::ordered_json::array();
  for (const PairFold& fold : pair.folds) {
    std::vector<int> train = fold.train;
    train.insert(train.end(), fold.valid.begin(), fold.valid.end());
    splits.push_back({{"train_patients", names(train)}, {"test_patients", names(fold.test)}});
  }
  return nlohmann::ordered_json{{"splits", splits}}.dump(4) + "\n";
}

}  // namespace

std::vector<WrittenSplits> written_splits(const Plan& plan, const std::filesystem::path& file) {
  std::vector<WrittenSplits> all;
  std::set<std::string> texts;
  const auto apart = [&](const std::string& name) {
    return file.parent_path() / (file.stem().string() + "-" + name + file.extension().string());
  };
  for (const BiomarkerConfig& b : plan.config.biomarkers) {
    const std::size_t first = all.size();
    for (const Pair& pair : plan.experiment.pairs) {
      if (pair.biomarker != b.name) continue;
      const std::string text = splits_of(plan, pair), name = b.name + "/" + pair.auxiliary;
      texts.insert(text);
      all.push_back({apart(b.name + "-" + pair.auxiliary), {name}, text});
    }
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    if (!std::all_of(begin, all.end(), [&](const WrittenSplits& w) { return w.text == begin->text; })) continue;
    for (auto other = begin + 1; other < all.end(); ++other) begin->pairs.push_back(other->pairs.front());
    begin->file = apart(b.name);
    all.erase(begin + 1, all.end());
  }
  if (texts.size() == 1) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      all.front().pairs.insert(all.front().pairs.end(), all[i].pairs.begin(), all[i].pairs.end());
    }
    all.resize(1);
    all.front().file = file;
  }
  std::set<std::filesystem::path> files;
  for (const WrittenSplits& w : all) {
    if (files.insert(w.file).second) continue;
    throw InputError(
        fmt::format("--write-splits: two pairs would have the file {}; give a biomarker or auxiliary "
                    "another name",
                    w.file.string()));
  }
  return all;
}

}  // namespace mtlgrid
