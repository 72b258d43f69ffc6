#include "trainer/training/checkpoint.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "results/records/attempt_log_format.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKind = "checkpoint";

// Checkpoints of a folder, newest first; none if the folder is not there.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_whole_checkpoint(entry.path().filename().string())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), std::greater<>());  // numbers have a fixed width
  return found;
}

template <typename T>
std::span<T> values_of(const at::Tensor& t) {
  return {t.data_ptr<T>(), static_cast<std::size_t>(t.numel())};
}

ArrayView view(const std::string& name, const at::Tensor& t) {
  return t.scalar_type() == at::kDouble ? ArrayView(name, values_of<double>(t)) : ArrayView(name, values_of<float>(t));
}

void copy_into(const at::Tensor& target, const Container& c, const std::string& name) {
  if (target.scalar_type() == at::kDouble) {
    c.copy(name, values_of<double>(target));
  } else {
    c.copy(name, values_of<float>(target));
  }
}

// All of them or, with InputError, none: whoever gets none trains from what is there.
void copy_all(const TrainingArrays& arrays, const Container& c) {
  const std::pair<const at::Tensor&, const char*> wanted[] = {{arrays.parameters, "parameters"},
                                                              {arrays.first_moment, "first_moment"},
                                                              {arrays.second_moment, "second_moment"},
                                                              {arrays.best, c.has("best") ? "best" : "parameters"}};
  for (const auto& [target, name] : wanted) {
    c.require(name, static_cast<std::size_t>(target.numel()), target.element_size());
  }
  for (const auto& [target, name] : wanted) copy_into(target, c, name);
}

// The best weights are the current ones right after the best epoch: they are not written twice.
bool best_is_current(const TrainingState& s) { return s.step == 0 && s.stopping.best_epoch == s.epoch - 1; }

void require_owner(const fs::path& file, const nlohmann::json& header, const CheckpointOwner& owner) {
  if (header.at("identity") == owner.identity) return;
  const std::string grid = header.value("grid", ""), where = file.string() + ": of ";
  if (const Cell cell = header.value("cell", owner.cell); cell != owner.cell) {
    throw InputError(where + "cell " + printable(cell.name()) + ", not of " + owner.cell.name());
  }
  if (!grid.empty() && grid != owner.grid) {
    throw InputError(where + "grid " + printable(grid) + ", not of " + owner.grid + ": other data or settings");
  }
  throw InputError(where + "another experiment, or another version's");
}

}  // namespace

void to_json(nlohmann::json& j, const TrainingState& s) {
  j = {{"epoch", s.epoch},        {"step", s.step},
       {"steps", s.steps},        {"loss_sum", {s.loss_sum[0], s.loss_sum[1]}},
       {"seconds", s.seconds},    {"trained", s.trained},
       {"stopping", s.stopping},  {"epochs", s.epochs},
       {"weighting", s.weighting}};
  if (!s.aggregation.is_null()) j["aggregation"] = s.aggregation;
}

void from_json(const nlohmann::json& j, TrainingState& s) {
  j.at("epoch").get_to(s.epoch);
  j.at("step").get_to(s.step);
  j.at("steps").get_to(s.steps);
  for (std::size_t k = 0; k < 2; ++k) j.at("loss_sum").at(k).get_to(s.loss_sum[k]);
  j.at("seconds").get_to(s.seconds);
  j.at("trained").get_to(s.trained);
  j.at("stopping").get_to(s.stopping);
  j.at("epochs").get_to(s.epochs);
  s.weighting = j.at("weighting");
  s.aggregation = j.value("aggregation", nlohmann::json());
}

void Checkpoints::write(const TrainingState& state, const TrainingArrays& arrays) const {
  const std::string name = checkpoint_name(state.steps);
  const std::vector<fs::path> older = checkpoints_in(folder_);
  std::vector<ArrayView> views = {view("parameters", arrays.parameters), view("first_moment", arrays.first_moment),
                                  view("second_moment", arrays.second_moment)};
  if (!best_is_current(state)) views.push_back(view("best", arrays.best));
  const nlohmann::json header = {
      {"identity", owner_.identity}, {"grid", owner_.grid}, {"cell", owner_.cell}, {"state", state}};
  write_container(folder_ / name, kKind, header, views);
  for (const fs::path& file : older) {
    std::error_code ignored;  // a leftover costs space, not correctness
    if (file.filename() != name) fs::remove(file, ignored);
  }
}

std::optional<TrainingState> Checkpoints::resume(const std::vector<fs::path>& others, const TrainingArrays& arrays,
                                                 const std::function<void(const std::string&)>& say) const {
  std::vector<fs::path> folders = {folder_};
  folders.insert(folders.end(), others.begin(), others.end());
  for (const fs::path& folder : folders) {
    for (const fs::path& file : checkpoints_in(folder)) {
      try {
        const Container c = read_container(file, kKind);
        require_owner(file, c.header, owner_);
        auto state = c.header.at("state").get<TrainingState>();
        copy_all(arrays, c);
        say(resumed_log_text(file.string()));
        return state;
      } catch (const InputError& e) {
        say(std::string("checkpoint skipped: ") + e.what());
      } catch (const nlohmann::json::exception& e) {
        say("checkpoint skipped: " + file.string() + ": " + e.what());
      }
    }
  }
  return std::nullopt;
}

}  // namespace mtlgrid
