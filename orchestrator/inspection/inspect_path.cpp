#include "orchestrator/inspection/inspect_path.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/file_beginning.h"
#include "base/text.h"
#include "datasets/features/feature_index.h"
#include "datasets/features/file_fault.h"
#include "datasets/pytorch/tensor_file.h"
#include "datasets/tables/table_file.h"
#include "orchestrator/config/config.h"
#include "orchestrator/inspection/inspect_features.h"
#include "orchestrator/inspection/inspect_table.h"
#include "orchestrator/proposal/found_files.h"
#include "results/grids/stored_grid.h"
#include "results/store/not_a_store.h"
#include "results/store/reading.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

Inspection inspect_store(const fs::path& file) {
  Inspection out{file, "store"};
  auto grids = nlohmann::ordered_json::array();
  for (const StoredGrid& grid : read_grids(open_for_reading(file))) {
    grids.push_back({{"grid", grid.id},
                     {"identity", grid.identity.substr(0, 12)},
                     {"cells", grid.cells},
                     {"done", grid.done},
                     {"failed", grid.failed},
                     {"last worked on", spoken_time(grid.last)}});
  }
  out.facts["grids"] = grids;
  out.facts["more"] = fmt::format("mtlgrid status {0}, mtlgrid doctor {0}", shell_quoted(file.string()));
  return out;
}

Inspection inspect_weights(const fs::path& file) {
  const Weights weights = read_weights_file(file);
  Inspection out{file, "weights of a cell"};
  out.facts["cell"] = weights.cell.name();
  out.facts["grid"] = weights.grid.empty() ? "not recorded" : weights.grid.substr(0, 12);
  out.facts["features a tile"] = weights.width;
  out.facts["label column"] = weights.label_column;
  out.facts["auxiliary column"] = weights.auxiliary_column;
  out.facts["epoch"] = weights.epoch;
  out.facts["parameters"] = weights.values.size();
  return out;
}

Inspection inspect_configuration(const fs::path& file) {
  const Config config = load_config(file);
  Inspection out{file, "configuration"};
  out.facts["store"] = config.store.string();
  auto biomarkers = nlohmann::ordered_json::array();
  for (const BiomarkerConfig& biomarker : config.biomarkers) {
    biomarkers.push_back({{"biomarker", biomarker.name},
                          {"train", biomarker.train},
                          {"external", biomarker.external},
                          {"label", biomarker.rule.column},
                          {"auxiliaries", biomarker.auxiliaries.size()}});
  }
  out.facts["biomarkers"] = biomarkers;
  out.facts["methods"] = config.methods.size();
  out.facts["folds"] = config.folds;
  out.facts["more"] = "mtlgrid plan " + shell_quoted(file.string()) + " checks the data";
  return out;
}

Inspection inspect_folder(const fs::path& folder, FeatureReader& reader) {
  const FoundFiles found = find_files({folder});
  if (!found.features.empty() && found.tables.empty()) return inspect_feature_folder(folder, reader);
  Inspection out{folder, "folder"};
  std::size_t slides = 0;
  std::set<std::string> files;
  for (const auto& [one, names] : found.features) {
    for (const std::string& name : names) files.insert((one / name).string());
  }
  const std::size_t features = one_of_each_slide(files).size();
  for (const auto& [one, count] : found.slides) slides += count;
  out.facts["tables"] = found.tables.size();
  out.facts["feature files"] = features;
  if (features < files.size()) {
    out.facts["both as .h5 and .pt"] =
        fmt::format("{}, counted once", counted(static_cast<std::int64_t>(files.size() - features), "slide"));
  }
  out.facts["slides"] = slides;
  out.facts["stores"] = stores_in(folder).size();
  if (!found.tables.empty() && features > 0) out.facts["more"] = "mtlgrid init " + shell_quoted(folder.string());
  out.wrong = found.notes;
  return out;
}

// A dict of several tensors, as `mtlgrid export` and torch.save(model.state_dict()) write it.
Inspection inspect_state_dict(const fs::path& file, const PickledObject& content) {
  Inspection out{file, "PyTorch state dict"};
  auto tensors = nlohmann::ordered_json::array();
  std::int64_t numbers = 0;
  for (const auto& [name, entry] : content.entries) {
    std::int64_t size = 1;
    for (const std::int64_t n : entry.tensor.shape) size *= n;
    numbers += entry.kind == "tensor" ? size : 0;
    tensors.push_back({{"name", name},
                       {"holds", entry.kind == "tensor" ? entry.tensor.type : entry.kind},
                       {"shape", fmt::format("{}", fmt::join(entry.tensor.shape, " x "))}});
  }
  out.facts["entries"] = content.entries.size();
  out.facts["numbers"] = numbers;
  out.facts["each entry"] = tensors;
  return out;
}

// A .pt file is one of features, or a state dict.
Inspection inspect_pytorch(const fs::path& file, FeatureReader& reader) {
  try {
    return inspect_feature_file(file, reader);
  } catch (const FileFault&) {
    std::optional<TensorFile> tensors;
    try {
      tensors.emplace(file, PickleWish{"tensors", true});
    } catch (const InputError&) {
    }
    if (tensors && tensors->content().entries.size() > 1) return inspect_state_dict(file, tensors->content());
    throw;
  }
}

Inspection inspect_slide(const fs::path& file) {
  Inspection out{file, "slide"};
  out.facts["bytes"] = bytes_text(static_cast<double>(fs::file_size(file)));
  out.facts["more"] = "its features are extracted by other programs (STAMP, TRIDENT, CLAM)";
  return out;
}

// Of a file, by its content first.
std::function<Inspection(const fs::path&)> inspector_of(const fs::path& file, FeatureReader& reader) {
  constexpr std::size_t kBytes = 16;  // longer than any mark below
  const std::string begin = beginning_of(file, kBytes), suffix = lower_ascii(file.extension().string());
  if (begin.starts_with("SQLite format 3")) return inspect_store;
  if (suffix == ".pt") return [&reader](const fs::path& path) { return inspect_pytorch(path, reader); };
  if (begin.starts_with("\x89HDF\r\n\x1a\n") || suffix == ".h5") {
    return [&reader](const fs::path& path) { return inspect_feature_file(path, reader); };
  }
  if (suffix == ".mtlgrid") return inspect_weights;
  if (suffix == ".ini") return inspect_configuration;
  if (is_slide_name(file.filename().string())) return inspect_slide;
  return inspect_table;
}

}  // namespace

Inspection inspect_path(const fs::path& path, FeatureReader& reader) {
  const auto [file, sheet] = table_file(path);
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  try {
    if (fs::is_directory(status) && !sheet) return inspect_folder(path, reader);
    if (!fs::exists(status)) throw InputError(file.string() + ": no such file");
    if (fs::is_directory(status)) {
      throw InputError(fmt::format("{}: no such file; {} is a folder", path.string(), file.string()));
    }
    if (!fs::is_regular_file(status)) throw InputError(file.string() + ": a pipe, a socket or a device");
    return sheet ? inspect_table(path) : inspector_of(path, reader)(path);
  } catch (const InputError& e) {
    Inspection out{path, "unreadable"};
    out.wrong = e.problems();
    return out;
  }
}

}  // namespace mtlgrid
