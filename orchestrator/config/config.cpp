#include "orchestrator/config/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "balancers/methods/registry.h"
#include "base/nearest.h"
#include "base/paths.h"
#include "base/process_identity.h"
#include "base/quoting.h"
#include "orchestrator/config/extract_section.h"
#include "orchestrator/config/ini.h"
#include "orchestrator/config/names.h"
#include "orchestrator/config/readable_classes.h"
#include "orchestrator/config/section_reader.h"
#include "results/records/records.h"

namespace mtlgrid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kMany = 1'000'000;  // a larger number of epochs, units or resamples is taken for a typing error

const std::vector<std::string> kPlainSections = {"grid",      "protocol", "model",  "train",
                                                 "bootstrap", "cluster",  "extract"};

class ConfigReader {
 public:
  ConfigReader(const std::filesystem::path& file, ConfigUse use) : ini_(read_ini(file, problems_)), use_(use) {
    config_.file = system_path(file);
  }

  Config read() {
    if (ini_.sections.empty()) problems_.throw_if_any();  // an unreadable file gives one line, not ten
    sections();
    grid();
    protocol();
    model();
    train();
    bootstrap();
    cluster();
    extract();
    for (const IniSection* section : cohort_sections_) cohort(*section);
    for (const IniSection* section : biomarker_sections_) biomarker(*section);
    store_names();
    if (biomarker_sections_.empty() && use_ == ConfigUse::grid)
      problems_.add(fmt::format("{}: has no section [biomarker.NAME]", ini_.path));
    problems_.throw_if_any();
    return config_;
  }

 private:
  SectionReader reader(const std::string& name) { return {ini_, ini_.section(name), name, problems_}; }

  // A shell would put another path for these; a folder of that name is what nobody means.
  std::filesystem::path absolute(const std::string& path) {
    if (path == "~" || path.starts_with("~/") || path.starts_with("$")) {
      problems_.add(fmt::format("{}: path '{}': neither ~ nor variables are replaced; write the path out",
                                config_.file.string(), path));
    }
    return path.empty() ? std::filesystem::path() : system_path(config_.file.parent_path() / path);
  }

  // Sorts the sections into kinds; a section of an unknown kind is a problem.
  void sections() {
    for (const IniSection& section : ini_.sections) {
      if (section.name.starts_with("cohort.")) {
        cohort_sections_.push_back(&section);
      } else if (section.name.starts_with("biomarker.")) {
        biomarker_sections_.push_back(&section);
      } else if (std::find(kPlainSections.begin(), kPlainSections.end(), section.name) == kPlainSections.end()) {
        std::vector<std::string> known = kPlainSections;
        const auto dot = section.name.find('.');
        const std::string rest = dot == std::string::npos ? "NAME" : section.name.substr(dot + 1);
        for (const char* kind : {"cohort.", "biomarker."}) known.push_back(kind + rest);
        problems_.add(fmt::format("{}, line {}: unknown section [{}]{}", ini_.path, section.line, section.name,
                                  did_you_mean(section.name, known)));
      }
    }
  }

  void grid() {
    SectionReader r = reader("grid");
    config_.store = absolute(r.required("store"));
    std::error_code error;
    if (std::filesystem::is_directory(config_.store, error)) {
      r.problem("store", fmt::format("{} is a folder, expected a file", config_.store.string()));
    }
    r.read("seed", config_.seed, std::numeric_limits<std::uint64_t>::max());
    read_folds(r, config_);
    methods(r);
    std::string name = "paper";
    r.choose("protocol", name, {"paper", "released-code"});
    config_.protocol = name == "paper" ? Protocol::paper() : Protocol::released_code();
    r.finish();
  }

  // `paper` (the default), `all`, or a list in any order.
  void methods(SectionReader& r) {
    const std::vector<std::string> known = method_names();
    std::vector<std::string> listed = r.list("methods");
    if (listed.empty() || listed == std::vector<std::string>{"paper"}) listed = paper_method_names();
    if (listed == std::vector<std::string>{"all"}) listed = known;
    for (const std::string& name : listed) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        r.problem("methods", fmt::format("unknown method '{}'{}", name, did_you_mean(name, known)));
      }
    }
    for (const std::string& name : known) {
      if (std::find(listed.begin(), listed.end(), name) != listed.end()) config_.methods.push_back(name);
    }
  }

  // Single departures from the chosen protocol; a protocol that equals neither of the two is called custom.
  void protocol() {
    SectionReader r = reader("protocol");
    Protocol& p = config_.protocol;
    r.read("uncert_learned", p.uncert_learned);
    r.read("cosine_per_batch", p.cosine_per_batch);
    r.read("dwa_shifted_history", p.dwa_shifted_history);
    r.read("autol_primary_all", p.autol_primary_all);
    r.read("autol_exact", p.autol_exact);
    r.read("autol_weight_decay", p.autol_weight_decay, 0, kInfinity);
    r.read("autol_reuse_masks", p.autol_reuse_masks);
    r.read("epsilons", p.epsilons);
    r.read("extra_patience", p.extra_patience, 0, kMany);
    r.finish();
    p.name = "custom";
    for (const Protocol& known : {Protocol::paper(), Protocol::released_code()}) {
      Protocol same = p;
      same.name = known.name;
      if (nlohmann::json(same) == nlohmann::json(known)) p.name = known.name;
    }
  }

  void model() {
    SectionReader r = reader("model");
    ModelSettings& m = config_.model;
    r.read("d_model", m.d_model, 1, kMany);
    r.read("heads", m.heads, 1, kMany);
    r.read("ff", m.ff, 1, kMany);
    r.read("encoder_layers", m.encoder_layers, 1, 1000);
    r.read("decoder_layers", m.decoder_layers, 1, 1000);
    r.read("dropout", m.dropout, 0, 1, false, true);
    if (m.d_model % m.heads != 0) {
      r.problem("heads", fmt::format("{} does not divide d_model = {}", m.heads, m.d_model));
    }
    r.finish();
  }

  void train() {
    SectionReader r = reader("train");
    TrainSettings& t = config_.train;
    r.read("epochs", t.epochs, 1, kMany);
    r.read("patience", t.patience, 1, kMany);
    r.read("lr", t.lr, 0, kInfinity, true);
    r.read("weight_decay", t.weight_decay, 0, kInfinity);
    r.read("validation", t.validation, 0, 1, true, true);
    r.choose("device", config_.run.device, {"auto", "cpu", "cuda"});
    r.read("threads", config_.run.threads, 1, 1024);
    r.read("checkpoint_minutes", config_.run.checkpoint_minutes, 0, kInfinity, true);
    if (const auto init = r.text("init")) config_.init = absolute(*init);
    r.read("cuda_graphs", config_.run.cuda_graphs);
    r.choose("keep_weights", config_.run.keep_weights, {"best", "none"});
    r.choose("bag_cache", config_.run.bag_cache, {"remove", "keep", "off"});
    if (const auto folder = r.text("bag_cache_folder")) config_.run.bag_cache_folder = absolute(*folder).string();
    r.choose("staging", config_.run.staging, {"auto", "nccl", "files"});
    r.choose("precision", t.precision, {"fp32", "fp64", "tf32", "bf16"});
    if ((t.precision == "tf32" || t.precision == "bf16") && config_.run.device != "cuda") {
      r.problem("precision", fmt::format("'{}' works on GPUs only; set device = cuda as well", t.precision));
    }
    read_pack(r);
    r.finish();
  }

  void read_pack(SectionReader& r) {
    const std::string text = r.text("pack").value_or("auto");
    if (text == "auto") return;
    int pack = 0;
    const int most = static_cast<int>(mtlgrid::methods().size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pack);
    if (error != std::errc() || end != text.data() + text.size() || pack < 1 || pack > most) {
      return r.problem("pack", fmt::format("'{}' is neither auto nor a whole number from 1 to {}", text, most));
    }
    config_.run.pack = pack;
  }

  void bootstrap() {
    SectionReader r = reader("bootstrap");
    r.read("resamples", config_.bootstrap.resamples, 1, kMany);
    r.read("confidence", config_.bootstrap.confidence, 0, 1, true, true);
    r.finish();
  }

  void cluster() {
    SectionReader r = reader("cluster");
    ClusterSettings& c = config_.cluster;
    r.read("heartbeat_seconds", c.heartbeat_seconds, 0, kInfinity, true);
    r.read("lease_minutes", c.lease_minutes, 0, kInfinity, true);
    r.read("retries_crash", c.retries_crash, 0, kMany);
    r.read("retries_lost", c.retries_lost, 0, kMany);
    r.read("quarantine_strikes", c.quarantine_strikes, 0, kMany);
    r.read("stall_minutes", c.stall_minutes, 0, kInfinity, true);
    r.read("trainers_per_gpu", config_.run.trainers_per_gpu, 1, 64);
    // A single late heartbeat must not cost a worker its cells.
    if (c.lease_minutes * 60 < 2 * c.heartbeat_seconds) {
      r.problem("lease_minutes", fmt::format("{} minutes are shorter than two heartbeats of {} seconds",
                                             c.lease_minutes, c.heartbeat_seconds));
    }
    r.finish();
  }

  void extract() {
    SectionReader r = reader("extract");
    read_extract(r, config_.extract, [this](const std::string& path) { return absolute(path); });
  }

  void cohort(const IniSection& section) {
    CohortFiles files;
    files.name = section_name(section, "cohort.");
    if (files.name == kTestCohort) {
      section_problem(section, "'test' names the held-out fold; give the cohort another name");
    }
    SectionReader r(ini_, &section, section.name, problems_);
    files.clini = absolute(use_ == ConfigUse::grid ? r.required("clini") : r.text("clini").value_or(""));
    if (std::string slides; r.read("slides", slides), !slides.empty()) files.slides = absolute(slides);
    read_slides(r, files, [this](const std::string& path) { return absolute(path); });
    r.read("patient_column", files.patient_column);
    r.read("filename_column", files.filename_column);
    r.read("slide_patient_column", files.slide_patient_column);
    files.missing = r.list("missing");
    r.finish();
    config_.cohorts.push_back(files);
  }

  void biomarker(const IniSection& section) {
    BiomarkerConfig b;
    b.name = section_name(section, "biomarker.");
    SectionReader r(ini_, &section, section.name, problems_);
    b.train = r.required("train");
    b.external = r.list("external");
    check_cohort(r, "train", b.train);
    for (const std::string& name : b.external) {
      check_cohort(r, "external", name);
      if (name == b.train) r.problem("external", fmt::format("'{}' is also the training cohort", name));
    }
    label(r, b.rule);
    const auto training = std::find_if(config_.cohorts.begin(), config_.cohorts.end(),
                                       [&](const CohortFiles& files) { return files.name == b.train; });
    check_readable_classes(r, b.rule, training == config_.cohorts.end() ? nullptr : &*training);
    auxiliaries(r, b);
    if (const auto splits = r.text("splits")) b.splits = absolute(*splits);
    check_folds(r, config_, !b.splits.empty(), b.rule.column);
    r.finish();
    config_.biomarkers.push_back(b);
  }

  void label(SectionReader& r, LabelRule& rule) {
    rule.column = r.required("label");
    rule.positive = r.list("positive", true);
    rule.negative = r.list("negative");
    rule.ignore = r.list("ignore");
    const auto among = [](const std::vector<std::string>& values, const std::string& value) {
      return std::find(values.begin(), values.end(), value) != values.end();
    };
    for (const std::string& value : rule.negative) {
      if (among(rule.positive, value)) r.problem("negative", fmt::format("'{}' is also a positive value", value));
    }
    for (const std::string& value : rule.ignore) {
      if (among(rule.positive, value)) r.problem("ignore", fmt::format("'{}' is also a positive value", value));
      if (among(rule.negative, value)) r.problem("ignore", fmt::format("'{}' is also a negative value", value));
    }
  }

  // Each is NAME, or NAME: COLUMN where the column of the table has another name.
  void auxiliaries(SectionReader& r, BiomarkerConfig& b) {
    std::set<std::string> names;
    for (const auto& [name, column] : r.named_list("auxiliaries", true)) {
      const AuxiliaryConfig a{name, column};
      if (std::string wrong = name_problem(name); !wrong.empty()) {
        if (name == column) wrong += fmt::format("; to name the column apart, write NAME: {}", in_quotes(column));
        r.problem("auxiliaries", wrong);
      } else if (name_problem(b.name).empty()) {
        wrong = pair_problem(b.name, name);
        if (!wrong.empty()) r.problem("auxiliaries", wrong);
      }
      if (a.name == "mean")
        r.problem("auxiliaries", "'mean' names the mean over auxiliaries in the tables; choose another name");
      if (a.column.empty()) r.problem("auxiliaries", fmt::format("'{}:' names no column", a.name));
      if (!names.insert(a.name).second) r.problem("auxiliaries", fmt::format("'{}' is listed twice", a.name));
      if (a.column == b.rule.column) {
        r.problem("auxiliaries", fmt::format("column '{}' already holds the class label", a.column));
      }
      b.auxiliaries.push_back(a);
    }
  }

  void check_cohort(SectionReader& r, const std::string& key, const std::string& name) {
    if (name.empty() || ini_.section("cohort." + name) != nullptr) return;
    std::vector<std::string> known;
    for (const IniSection* section : cohort_sections_) known.push_back(section->name.substr(7));
    r.problem(key, fmt::format("there is no section [cohort.{}]{}", name, did_you_mean(name, known)));
  }

  std::string section_name(const IniSection& section, std::string_view prefix) {
    const std::string name = section.name.substr(prefix.size());
    if (const std::string wrong = name_problem(name); !wrong.empty()) section_problem(section, wrong);
    return name;
  }

  void store_names() {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const BiomarkerConfig& b : config_.biomarkers) {
      for (const AuxiliaryConfig& a : b.auxiliaries) pairs.emplace_back(b.name, a.name);
    }
    const std::string wrong = store_problem(config_.store, ProcessIdentity().host(), pairs);
    if (!wrong.empty()) reader("grid").problem("store", wrong);
  }

  void section_problem(const IniSection& section, const std::string& what) {
    problems_.add(fmt::format("{}, line {}: [{}]: {}", ini_.path, section.line, section.name, what));
  }

  Problems problems_;  // before ini_, whose reading may add to it
  IniFile ini_;
  ConfigUse use_;
  Config config_;
  std::vector<const IniSection*> cohort_sections_, biomarker_sections_;
};

}  // namespace

std::vector<std::string> Config::used_cohorts() const {
  std::set<std::string> used;
  for (const BiomarkerConfig& b : biomarkers) {
    used.insert(b.train);
    used.insert(b.external.begin(), b.external.end());
  }
  std::vector<std::string> names;
  for (const CohortFiles& c : cohorts) {
    if (used.contains(c.name)) names.push_back(c.name);
  }
  return names;
}

Config load_config(const std::filesystem::path& file, ConfigUse use) { return ConfigReader(file, use).read(); }

}  // namespace mtlgrid
