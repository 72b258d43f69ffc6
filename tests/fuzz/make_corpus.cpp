// Writes the corpus of the fuzz targets, by the project's own writers: `fuzz_corpus tests/fuzz/corpus`. Inputs that
// once crashed a target are added by hand, and stay.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "datasets/bags/bag_file.h"
#include "datasets/features/hdf5.h"
#include "results/store/journal.h"
#include "results/store/store_records.h"
#include "tests/fuzz/bag_sources.h"
#include "tests/trainer/contract/small_result.h"
#include "tests/trainer/formats/oracle_weights.h"
#include "trainer/contract/pipe_messages.h"
#include "trainer/formats/container.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Corpus {
 public:
  explicit Corpus(fs::path folder) : folder_(std::move(folder)) {}
  fs::path file(const std::string& target, const std::string& name) const {
    fs::create_directories(folder_ / target);
    return folder_ / target / name;
  }
  void add(const std::string& target, const std::string& name, const std::string& bytes) const {
    std::ofstream(file(target, name), std::ios::binary) << bytes;
  }

 private:
  fs::path folder_;
};

std::string packed(const json& value) {
  std::string bytes;
  json::to_msgpack(value, bytes);
  return bytes;
}

// As JSON text, which has no NaN and no binary: numbers and a list instead.
std::string as_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

void add_tables(const Corpus& corpus) {
  const std::string tables[] = {
      "PATIENT,label,x\nA,p,0.5\nB,\"n, \"\"m\"\"\",1e3\n,NA,\n",
      "\xEF\xBB\xBFsep=;\r\nPATIENT;label;x\r\nA;p;0,53\r\nB;n;1.234,5\r\n",
      "#Patient\tScore\n#STRING\tNUMBER\nPATIENT\tx\nA\t1,234\nB\t\"line\nbreak\"\n",
      "#PATIENT|x|x\nA|1|2\n\nB|3|4",
      std::string("\xFF\xFEP\0A\0,\0x\0\n\0A\0,\0", 16),
  };
  for (std::size_t i = 0; i < std::size(tables); ++i) corpus.add("tables", fmt::format("{}.csv", i), tables[i]);
}

// Whole files, and parts of one behind the digit that says which (workbooks_fuzz.cpp).
void add_workbooks(const Corpus& corpus) {
  for (const char* name : {"strict", "slides"}) {
    std::ifstream in(fmt::format("{}/workbook_{}.xlsx", MTLGRID_ORACLE, name), std::ios::binary);
    corpus.add("workbooks", fmt::format("{}.xlsx", name), {std::istreambuf_iterator<char>(in), {}});
  }
  corpus.add(
      "workbooks", "sheet.xml",
      "1<worksheet><dimension ref=\"A1:C9\"/><sheetData><row r=\"1\" spans=\"1:3\"><c r=\"A1\" t=\"s\"><v>0</v></c>"
      "<c r=\"C1\" t=\"inlineStr\"><is><r><t>x</t></r><rPh><t>y</t></rPh></is></c></row>"
      "<row r=\"3\"><c r=\"A3\" s=\"1\"><v>43831.25</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c></row>"
      "<row><c s=\"2\"><v>-1.5</v></c><c t=\"d\"><v>2020-01-02T03:04:05</v></c><c t=\"str\"><f>A1</f><v>0,5</v></c>"
      "<c><f>1</f></c></row></sheetData><mergeCells><mergeCell ref=\"A3:A4\"/></mergeCells></worksheet>");
  corpus.add("workbooks", "strings.xml",
             "2<sst><si><t xml:space=\"preserve\"> _x005F_x000D_</t></si><si><r><rPr><b/></rPr><t>a</t></r><r><t>&amp;"
             "</t></r></si></sst>");
  corpus.add("workbooks", "styles.xml",
             "3<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[$-407]d. mmm yy;@\"/></numFmts><cellXfs>"
             "<xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>");
  corpus.add(
      "workbooks", "open_brackets.xml",
      "3<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[Red]&quot;x[[[h]&quot;[[[d&quot;[\"/></numFmts>"
      "<cellXfs><xf/><xf numFmtId=\"164\"/></cellXfs></styleSheet>");
}

void add_texts(const Corpus& corpus) {
  corpus.add("cells", "plain", "MSI/LF/autol+cagrad/3");
  corpus.add("cells", "spaced", "a b/c,d/e|f/2147483647");
  corpus.add("only", "two", "biomarker=MSI,method=naive|dwa,fold=0|1");
  corpus.add("only", "quoted", "biomarker=\"a,b\",auxiliary=\"c|d\",method=\"e=f\",fold=2");
  corpus.add(
      "ini", "small.ini",
      "[grid]\nstore = s.db\nseed = 7 ; a comment\nfolds = 3\nmethods = baseline, naive, dwa\n\n"
      "[cohort.A]\nclini = \"a, b.csv\"\nslides = s.csv\nfeatures = feats\nmissing = NA, \"n/a\"\n\n"
      "[biomarker.MSI]\ntrain = A\nlabel = isMSIH\npositive = MSIH\nauxiliaries = LF: Leukocyte Fraction, ITH\n\n"
      "[model]\nd_model = 8\nheads = 2\n\n[train]\nepochs = 3\nlr = 1e-3\nprecision = fp64\n\n"
      "[run]\nthreads = 2\ndevice = cpu\n\n[cluster]\nheartbeat_seconds = 0.5\n");
}

// One of each form that orchestrator/plan/split_file.h reads.
void add_splits(const Corpus& corpus) {
  corpus.add("splits", "good.json",
             R"({"splits": [{"train_patients": ["a", "b", "c", "d"], "test_patients": ["e", "f"]},)"
             R"( {"train_patients": ["c", "d", "e", "f"], "test_patients": ["a", "b"]}]})");
  corpus.add("splits", "lacks.json", R"({"splits": [{"train_patients": ["a"], "test_patients": []}], "x": 1})");
  corpus.add("splits", "named.json",
             R"({"fold_0": {"train": ["a", "b"], "val": ["c", "d"], "test": ["e", "f"]},)"
             R"( "fold_1": {"train": ["c", "d"], "val": ["e", "f"], "test": ["a", "b"]}})");
  corpus.add("splits", "mapping.json", R"({"a": 0, "b": 0, "c": 0, "d": 1, "e": 1, "f": 1})");
  corpus.add("splits", "slideflow.json",
             R"([{"strategy": "fixed", "tfrecords": {"training": ["a-1"]}}, {"strategy": "k-fold", "patients": {}, )"
             R"("tfrecords": {"k-fold-1": ["a-1", "b-1", "c"], "k-fold-2": ["d", "e", "f-1"]}}])");
  corpus.add("splits", "lists.csv", ",train,val,test\n0,a-1,c-1,e\n1,b-1,d-1,f\n");
  corpus.add("splits", "truth.csv", ",train,val,test\na,True,False,False\nb,True,False,False\nc,False,True,False\n");
  corpus.add("splits", "folds.csv", "PATIENT,SITE,CV2\na,x,1\nb,x,1\nc,y,1\nd,y,2\ne,z,2\nf,z,2\n");
  corpus.add("splits", "parts.csv",
             "case_id\tfold_0\tfold_1\na\ttrain\ttest\nb\ttrain\ttest\nc\tval\ttrain\nd\ttrain\ttrain\n"
             "e\ttest\tval\nf\ttest\ttrain\n");
  corpus.add("splits", "rows.csv",
             "patient,fold,role\na,0,test\nb,0,test\nc,0,train\nd,0,train\ne,0,valid\nf,0,valid\n"
             "a,1,train\nb,1,train\nc,1,test\nd,1,test\ne,1,train\nf,1,valid\n");
}

void add_small_files(const Corpus& corpus) {
  corpus.add("small_files", "lock",
             R"({"host":"h","pid":7,"start":"1","machine":"m","since":1.5,"epoch":"000003","beat":"000000000007"})"
             "\n");
  corpus.add("small_files", "done", R"({"status":0,"time":1.5,"epoch":3,"total":4,"done":3,"failed":1,"pending":0})");
  corpus.add(
      "small_files", "progress",
      R"({"time":1.8e9,"epoch":3,"grid":1,"cells":{"total":3,"done":0,"failed":0,"running":1,"queued":1},)"
      R"("share":0.5,"eta_seconds":null,"gone_seconds":61.0,"stopping":false,"ends":null,"workers":[{"rank":0,)"
      R"("host":"n","state":"alive","heard_seconds":1,"slots":2,"busy":1,"broken":0,"device":"cpu","why":""}],)"
      R"("running":[{"cell":"MSI/LF/naive/0","attempt":1,"rank":0,"slot":1,"epoch":2,"epochs":8,"pack":1,)"
      R"("started":1.0,"losses":[0.5,null,0.5,null]}],"queue":["MSI/LF/dwa/0"],"avoid":{"MSI/LF/dwa/0":"why"}})");
  corpus.add("small_files", "origin", R"({"store":"/s.db","journal":"1","grid":1,"identity":"identity"})");
  corpus.add("small_files", "fingerprints",
             R"({"version":1,"files":{"a.h5":{"size":1,"modified_ns":2,"changed_ns":3,"inode":4,"hash":"h"}}})");
}

// SQL that somebody may have applied to a store.
void add_stores(const Corpus& corpus) {
  corpus.add("stores", "unknown_names",
             "UPDATE cells SET method = 'nobody' WHERE cell_id = 1\nUPDATE cells SET fold = -1 WHERE cell_id = 2\n");
  corpus.add(
      "stores", "numbers",
      "UPDATE metrics SET value = 1e999\nUPDATE metrics SET n = -1\nUPDATE predictions SET label = 7, score = NULL\n");
  corpus.add("stores", "texts",
             "UPDATE metrics SET metric = x'ff00'\nUPDATE attempts SET outcome = 'x', cause = char(27) || '[2J'\n");
  corpus.add("stores", "settings", "UPDATE grids SET settings = '{\"cluster\": [[]]}'\n");
  corpus.add("stores", "rows",
             "INSERT INTO predictions SELECT * FROM predictions\nDELETE FROM splits\nDELETE FROM grids\n");
  corpus.add("stores", "schema", "DROP TABLE metrics\nCREATE VIEW metrics AS SELECT * FROM cells\n");
}

template <typename Message>
void add_report(const Corpus& corpus, const char* name, const Message& message) {
  corpus.add("trainer_messages", fmt::format("{}.msgpack", name), packed(encode_message(message)));
  corpus.add("trainer_messages", fmt::format("{}.json", name), as_text(encode_message(message)));
}

void add_trainer_messages(const Corpus& corpus) {
  const Cell cell = {"MSI", "LF", "naive", 0};
  add_report(corpus, "ready", Ready{7, 3, {"h", "cpu", "c", "0.1", "l", 0, 1, 1, "naive"}, ""});
  add_report(corpus, "stage_id", StageId{"00ff", ""});
  add_report(corpus, "staged", Staged{"", 2, 1, 1000, 1.5, {}});
  add_report(corpus, "progress", Progress{cell, 1, 2, 3, {0.5, 0.5, 0.5, 0.5}, 1});
  add_report(corpus, "finished", Finished{testing::good_result()});
  add_report(corpus, "failed", Failed{cell, 1, "cause", "detail", false, true});
  add_report(corpus, "stopped", Stopped{cell, 1});
  add_report(corpus, "alive", Alive{});
  add_report(corpus, "setup", Setup{testing::small_experiment(), 1});
  add_report(corpus, "train", TrainPack{{{cell, 1, "folder", {"older"}}}});
  add_report(corpus, "stage", Stage{"00ff", 0, 2, {0, 1}, 60});
  add_report(corpus, "release", Release{{"naive"}});
  corpus.add("trainer_messages", "frame",
             encode_frame(encode_message(Alive{})) + encode_frame(encode_message(Alive{})));
}

// `rank` as the target reads it, and the message behind it.
std::string line(char rank, const json& message) { return rank + as_text(message) + "\n"; }

void add_rank_messages(const Corpus& corpus) {
  const json cell = Cell{"MSI", "LF", "naive", 1};
  CellResult result;
  result.cell = {"MSI", "LF", "naive", 1};
  result.attempt = 1;
  json finished = {{"type", "cell_finished"}, {"slot", 0}, {"left", 0}, {"result", result}};
  const json progress = {{"cell", cell},
                         {"attempt", 1},
                         {"epoch", 1},
                         {"epochs", 8},
                         {"resumed", 0},
                         {"losses",
                          {{"train_classification", 0.5},
                           {"train_regression", 0.5},
                           {"valid_classification", 0.5},
                           {"valid_regression", 0.5}}}};
  const json failed = {{"type", "cell_failed"}, {"slot", 0},    {"left", 0},     {"cell", cell},         {"attempt", 1},
                       {"cause", "c"},          {"detail", ""}, {"retry", true}, {"smaller_pack", false}};
  const json stopped = {{"type", "cell_stopped"}, {"slot", 0}, {"left", 0}, {"cell", cell}, {"attempt", 1}};
  const json crash = {{"type", "pack_crashed"},        {"slot", 0},    {"running", {progress}},
                      {"cause", "killed by a signal"}, {"detail", ""}, {"needs_person", false}};
  const json ready = {{"type", "slot_ready"},
                      {"slot", 0},
                      {"largest_pack", 2},
                      {"staging_lacks", ""},
                      {"environment", Environment{"h", "cpu", "c", "0.1", "l", 1, 1, 1, ""}}};
  const json beat = {{"type", "heartbeat"}, {"running", {progress}}};
  for (const char rank : {'0', '1', '2'}) {
    const auto one = [&](const char* name, const std::string& lines) {
      corpus.add("rank_messages", fmt::format("{}{}", name, rank), lines);
    };
    one("finished", line(rank, beat) + line(rank, finished));
    one("failed", line(rank, failed) + line(rank, ready));
    one("stopped", line(rank, stopped));
    one("crash", line(rank, crash) + line(rank, ready) + line(rank, finished));
    one("leaving", line(rank, {{"type", "leaving"}}) + line(rank, {{"type", "bye"}}));
    one("hello", line(rank, {{"type", "hello"}, {"host", "h"}}) + line(rank, {{"type", "slots"}, {"slots", 2}}) +
                     line(rank, ready));
    one("broken",
        line(rank, {{"type", "slot_broken"}, {"slot", 0}, {"cause", "c"}, {"detail", ""}, {"needs_person", false}}));
  }
}

void add_bag_file(const Corpus& corpus) {
  const std::vector<BagSource> sources = fuzz::bag_sources();
  BagFileWriter writer(corpus.file("bag_file", "two"), bag_key(sources), lay_out(sources), BagDisk::real());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::uint64_t offset = writer.table()[i].offset;
    for (const KnownFeatures& slide : sources[i].files) {
      const std::vector<std::uint16_t> values = fuzz::bag_values(static_cast<std::size_t>(slide.tiles));
      writer.write(offset, std::as_bytes(std::span(values)));
      offset += values.size() * sizeof(std::uint16_t);
    }
  }
  writer.finish();
}

void add_containers(const Corpus& corpus) {
  Weights weights;
  weights.cell = {"MSI", "LF", "naive", 2};
  weights.model = {.d_model = 2, .heads = 1, .ff = 2, .encoder_layers = 1, .decoder_layers = 1, .dropout = 0.1};
  weights.width = 3;
  weights.label_column = "is.MSIH";
  weights.auxiliary_column = "LF";
  const auto layout = make_layout(weights.model, weights.width, weights.label_column, weights.auxiliary_column);
  weights.values.assign(static_cast<std::size_t>(layout.total), 0.5f);
  write_weights_file(corpus.file("weights", "small.mtlgrid"), weights);
  const std::vector<double> values = {1, 2, 3};
  const json state = {{"epoch", 2}, {"step", 1}, {"steps", 9}, {"loss_sum", {0.5, 0.5}}, {"epochs", json::array()}};
  const json header = {{"identity", "00ff"}, {"grid", "g"}, {"cell", weights.cell}, {"state", state}};
  write_container(corpus.file("checkpoints", "small"), "checkpoint", header,
                  {{"parameters", std::span(values)}, {"best", std::span(values)}});
}

// What files say of their tiles in odd ways, and a link to nothing; more are in tests/datasets/fixtures.
void add_features(const Corpus& corpus) {
  const auto add = [&](const std::string& name, const auto& fill) {
    const fs::path file = corpus.file("features", name);
    fs::remove(file);
    fill(hdf5::create_file(file));
  };
  add("stated.h5", [](const hdf5::Handle& root) {
    const std::vector<float> values(8, 1);
    hdf5::write_dataset(root, "feats", {2, 4}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
    hdf5::write_attribute(root, "tile_size_um", std::string(" 256 "));
    hdf5::write_attribute(root, "tile_size_px", -1e300);
    hdf5::write_attribute(root, "tile_size", 256.0);
    hdf5::write_attribute(root, "unit", std::string("\u00b5m"));
  });
  add("dead_link.h5",
      [](const hdf5::Handle& root) { H5Lcreate_soft("/nothing", root.get(), "feats", H5P_DEFAULT, H5P_DEFAULT); });
}

void add_state_dicts(const Corpus& corpus) {
  const testing::OracleWeights oracle;
  for (const auto& [name, bytes] : oracle.index["files"].items()) {
    corpus.add("state_dicts", name + ".pt", oracle.file(name));
  }
}

void add_journal(const Corpus& corpus) {
  const fs::path file = corpus.file("journal", "six_records");
  fs::remove(file);
  Platform& platform = Platform::real();
  JournalWriter::create(platform, file, 7);
  JournalWriter writer(platform, file, read_journal(file, [](const JournalRecord&) {}));
  const Cell cell = {"MSI", "LF", "naive", 0};
  GridRecord grid;
  grid.identity = "identity";
  grid.settings = {{"seed", 1}};
  grid.cells = {cell};
  grid.splits.add("MSI", "LF", 0, "a", "train");
  AttemptFailure failure;
  failure.cell = cell;
  failure.attempt = 1;
  const StoreRecord records[] = {RunOpened{1, "h", "0.1", 7, 1.5},
                                 GridRegistered{grid, 1.5},
                                 AttemptBegun{1, cell, 1, {}, 1.5},
                                 FailureCommitted{1, failure},
                                 ResultCommitted{1, testing::good_result(), false},
                                 FailedReset{1, {cell}}};
  for (const StoreRecord& record : records) writer.add(1, encode(record));
  writer.write(false);
}

}  // namespace
}  // namespace mtlgrid

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const mtlgrid::Corpus corpus(argv[1]);
  mtlgrid::add_tables(corpus);
  mtlgrid::add_workbooks(corpus);
  mtlgrid::add_texts(corpus);
  mtlgrid::add_splits(corpus);
  mtlgrid::add_small_files(corpus);
  mtlgrid::add_stores(corpus);
  mtlgrid::add_trainer_messages(corpus);
  mtlgrid::add_rank_messages(corpus);
  mtlgrid::add_bag_file(corpus);
  mtlgrid::add_containers(corpus);
  mtlgrid::add_features(corpus);
  mtlgrid::add_state_dicts(corpus);
  mtlgrid::add_journal(corpus);
  return 0;
}
