#include "datasets/synthetic/synth.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/random.h"
#include "datasets/features/half.h"
#include "datasets/synthetic/synth_features.h"
#include "datasets/synthetic/synth_patients.h"
#include "datasets/synthetic/synth_slides.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

// Cohorts of a biomarker share the axis that decides the class; the training one is larger and in STAMP's layout 2.x.
struct CohortDesign {
  std::string name;
  bool training;
  std::string label, positive, negative;  // the label's column and values
  std::vector<std::string> auxiliaries;
  double VirtualPatient::*axis;  // the latent axis that decides the class
};

std::vector<CohortDesign> designs(const SynthSettings& settings) {
  const std::vector<std::string> five{"ITH", "LF", "LISS", "Prolif", settings.planted ? "Null" : "SF"},
      two{"ITH", "Prolif"};
  std::vector<CohortDesign> all = {{"TCGA-CRC", true, "isMSIH", "MSIH", "nonMSIH", five, &VirtualPatient::hot},
                                   {"CPTAC-CRC", false, "isMSIH", "MSIH", "nonMSIH", five, &VirtualPatient::hot},
                                   {"TCGA-LUAD", true, "HRD", "HRD", "nonHRD", two, &VirtualPatient::repair},
                                   {"CPTAC-LUAD", false, "HRD", "HRD", "nonHRD", two, &VirtualPatient::repair}};
  if (settings.slides) all.resize(2);
  return all;
}

constexpr const char* kHead =
    R"(; {what}, with a small model.
[grid]
store = results/grid.db
seed = {seed}
folds = 5
methods = {methods}
protocol = paper
{cohorts}
)";

constexpr const char* kBiomarkers = R"([biomarker.MSI]
train = TCGA-CRC
external = CPTAC-CRC
label = isMSIH
positive = MSIH
negative = nonMSIH
ignore = MSI-L
auxiliaries = ITH, LF, LISS, Prolif, {last}

[biomarker.HRD]
train = TCGA-LUAD
external = CPTAC-LUAD
label = HRD
positive = HRD
auxiliaries = ITH, Prolif

)";

constexpr const char* kSlideBiomarker = R"([extract]
extractor = mean-colour

[biomarker.MSI]
train = TCGA-CRC
external = CPTAC-CRC
label = isMSIH
positive = MSIH
negative = nonMSIH
ignore = MSI-L
auxiliaries = LF, {last}

)";

constexpr const char* kTail = R"([model]
d_model = 24
heads = 2
ff = 48
encoder_layers = 2
decoder_layers = 2

[train]
epochs = 5
lr = {lr}
)";

constexpr const char* kFewMethods = "baseline, naive, uncert, cagrad, autol+cagrad";

void check(const fs::path& out, const SynthSettings& settings) {
  std::vector<std::string> problems;
  const auto within = [&](const char* what, int value, int low, int high) {
    if (value < low || value > high) {
      problems.push_back(fmt::format("synth: {} {}, expected {} to {}", value, what, low, high));
    }
  };
  within("patients", settings.patients, 24, 100'000);  // below 24 a class may have fewer patients than folds
  within("tiles", settings.tiles, 1, 1'000'000);
  within("features", settings.features, 4, 65'536);
  std::error_code error;
  if (fs::exists(out, error) && !fs::is_directory(out, error)) {
    problems.push_back(out.string() + ": not a folder, expected a new or empty one");
  } else if (fs::exists(out, error) && !fs::is_empty(out, error)) {
    problems.push_back(out.string() + ": not empty, expected a new or empty folder");
  }
  if (!problems.empty()) throw InputError(problems);
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream)
    throw Error(ErrorKind::needs_person, file.string() + ": cannot be written; check free space and permissions");
}

// Which patients lack a value: `count` of them, different ones for each column.
std::vector<bool> draw_missing(const RandomStream& stream, std::size_t patients, std::size_t count) {
  const auto order = stream.permutation(static_cast<std::uint32_t>(patients));
  std::vector<bool> missing(patients, false);
  for (std::size_t i = 0; i < count; ++i) missing[order[i]] = true;
  return missing;
}

class CohortWriter {
 public:
  CohortWriter(const CohortDesign& design, const fs::path& out, const SynthSettings& settings)
      : design_(design),
        folder_(out / design.name),
        settings_(settings),
        stream_(settings.seed, "synth/" + design.name),
        prototypes_(draw_prototypes(RandomStream(settings.seed, "synth/prototypes"), settings.features)) {
    const int external = settings.planted ? settings.patients * 2 : settings.patients * 2 / 3;
    const auto draw = settings.planted ? draw_planted_patient : draw_patient;
    for (int p = 0; p < (design.training ? settings.patients : external); ++p) {
      patients_.push_back(draw(patient_stream(p).child(0)));
    }
  }

  void write() {
    fs::create_directories(folder_ / (settings_.slides ? "wsi" : "feats") / kSecond);
    write_text(folder_ / "clini.csv", clini());
    std::string slides = "PATIENT,FILENAME\n";
    for (int p = 0; p < static_cast<int>(patients_.size()); ++p) slides += write_slides(p);
    write_text(folder_ / "slide.csv", slides + slides_to_drop());
  }

 private:
  static constexpr const char* kSecond = "second";  // sub-folder of second slides

  RandomStream patient_stream(int p) const { return stream_.child(0).child(static_cast<std::uint64_t>(p)); }
  std::string name(int p) const { return fmt::format("{}-{:04d}", design_.name, p); }

  // The 40 % with the highest noisy latent value are positive: every class is large enough whatever the seed.
  std::vector<std::string> labels() const {
    Draws draws(stream_.child(1));
    std::vector<double> score;
    const double noise = !settings_.planted ? 0.2 : design_.training ? 1 : 0.3;  // of the axis, whose sd is 1
    for (const auto& patient : patients_) score.push_back(patient.*design_.axis + noise * draws.normal());
    std::vector<std::size_t> order(score.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
    std::vector<std::string> out(score.size(), design_.negative);
    for (std::size_t i = 0; i < score.size() * 2 / 5; ++i) out[order[i]] = design_.positive;
    if (design_.training && design_.label == "isMSIH") out[order.back()] = "MSI-L";  // one to be ignored
    return out;
  }

  std::string clini() const {
    const std::size_t few = std::max<std::size_t>(1, patients_.size() / 25);
    const auto label = labels();
    const auto no_label = draw_missing(stream_.child(2), patients_.size(), few);
    std::vector<std::vector<bool>> no_value;
    std::string text = "PATIENT," + design_.label;
    for (std::size_t a = 0; a < design_.auxiliaries.size(); ++a) {
      text += "," + design_.auxiliaries[a];
      // One target of external cohorts exists for only two thirds of the patients.
      const bool sparse = !design_.training && design_.auxiliaries[a] == "LISS";
      no_value.push_back(
          draw_missing(stream_.child(3).child(a), patients_.size(), sparse ? patients_.size() / 3 : few));
    }
    text += "\n";
    for (std::size_t p = 0; p < patients_.size(); ++p) {
      text += name(static_cast<int>(p)) + "," + (no_label[p] ? "" : label[p]);
      for (std::size_t a = 0; a < design_.auxiliaries.size(); ++a) {
        const double value = patients_[p].auxiliary.at(design_.auxiliaries[a]);
        text += no_value[a][p] ? "," : fmt::format(",{:.6g}", value);
      }
      text += "\n";
    }
    // A patient without any slide, so that the list of dropped patients has one.
    return text + design_.name + "-noslide," + design_.negative + std::string(design_.auxiliaries.size(), ',') + "\n";
  }

  // Writes the patient's slides and returns their rows of the slide table.
  std::string write_slides(int p) const {
    const bool v2 = design_.training;
    std::string rows;
    for (int s = 0; s < (p % 4 == 3 ? 2 : 1); ++s) {
      const auto values = draw_slide(patient_stream(p).child(1 + static_cast<std::uint64_t>(s)),
                                     patients_[static_cast<std::size_t>(p)], prototypes_, settings_.tiles);
      const std::string slide = fmt::format("{}-{}", name(p), s + 1);
      const std::string relative = s == 0 ? slide + ".h5" : fmt::format("{}/{}.h5", kSecond, slide);
      if (settings_.slides) {
        const auto seed = patient_stream(p).child(9).bits(static_cast<std::uint64_t>(s));
        write_patient_slide((folder_ / "wsi" / relative).replace_extension(".svs"),
                            patients_[static_cast<std::size_t>(p)], seed);
      } else if (settings_.embeddings) {
        write_features(folder_ / "feats" / relative, mean_row(values), settings_.features, StampLayout::slide,
                       "synthetic");
      } else {
        write_features(folder_ / "feats" / relative, values, settings_.features, v2 ? StampLayout::v2 : StampLayout::v1,
                       v2 ? "synthetic" : "STAMP-extract-001_01-10-2023_synthetic");
      }
      rows += fmt::format("{},{}\n", name(p), v2 ? relative : slide);
    }
    return rows;
  }

  // The mean of a slide's tiles.
  std::vector<std::uint16_t> mean_row(const std::vector<std::uint16_t>& values) const {
    const auto width = static_cast<std::size_t>(settings_.features);
    std::vector<double> sums(width);
    for (std::size_t i = 0; i < values.size(); ++i) sums[i % width] += from_half(values[i]);
    std::vector<std::uint16_t> mean(width);
    for (std::size_t i = 0; i < width; ++i)
      mean[i] = to_half(sums[i] * static_cast<double>(width) / static_cast<double>(values.size()));
    return mean;
  }

  // Rows that the join must drop and list: a missing file, and a patient without clinical data.
  std::string slides_to_drop() const {
    return fmt::format("{},{}-lost.h5\n{}-unknown,{}-unknown-1.h5\n", name(0), name(0), design_.name, design_.name);
  }

  const CohortDesign& design_;
  fs::path folder_;
  const SynthSettings& settings_;
  RandomStream stream_;
  Prototypes prototypes_;
  std::vector<VirtualPatient> patients_;
};

}  // namespace

void write_synthetic(const fs::path& out, const SynthSettings& settings) {
  check(out, settings);
  std::string cohorts;
  const std::vector<CohortDesign> cohorts_to_write = designs(settings);
  for (const auto& design : cohorts_to_write) {
    CohortWriter(design, out, settings).write();
    cohorts += fmt::format("\n[cohort.{0}]\nclini = {0}/clini.csv\nslides = {0}/slide.csv\nfeatures = {0}/feats\n",
                           design.name);
    if (settings.slides) cohorts += fmt::format("slides_folder = {}/wsi\n", design.name);
  }
  const std::string what =
      settings.slides ? "Slides of two synthetic cohorts and a grid of 2 pairs x 5 methods x 5 folds = 50 cells"
                      : "The paper's grid (7 pairs x 17 methods x 5 folds = 595 cells) on synthetic cohorts";
  const std::string last = settings.planted ? "Null" : "SF";
  const std::string head =
      fmt::format(kHead, fmt::arg("what", what), fmt::arg("seed", settings.seed),
                  fmt::arg("methods", settings.slides ? kFewMethods : "all"), fmt::arg("cohorts", cohorts));
  const std::string biomarkers = settings.slides ? fmt::format(kSlideBiomarker, fmt::arg("last", last))
                                                 : fmt::format(kBiomarkers, fmt::arg("last", last));
  write_text(out / "grid.ini",
             head + biomarkers + fmt::format(kTail, fmt::arg("lr", settings.planted ? "3e-3" : "1e-3")));
}

}  // namespace mtlgrid
