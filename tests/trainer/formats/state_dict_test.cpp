// Weights saved by PyTorch (tests/oracle/weights.py) read back, and every way in which a file is refused. Predictions
// with them: tests/trainer/network/saved_weights_test.cpp.
#include "trainer/formats/state_dict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/errors.h"
#include "datasets/pytorch/pickle.h"
#include "datasets/pytorch/zip.h"
#include "tests/trainer/formats/oracle_weights.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class StateDict : public ::testing::Test {
 protected:
  // The problems of a file, each without the file's name; empty if it could be read.
  std::vector<std::string> problems(const std::filesystem::path& file, const ParameterLayout& layout) const {
    try {
      read_state_dict(file, layout);
      return {};
    } catch (const InputError& e) {
      std::vector<std::string> out;
      for (const std::string& line : e.problems()) {
        EXPECT_THAT(line, ::testing::StartsWith(file.string() + ": "));
        out.push_back(line.substr(file.string().size() + 2));
      }
      return out;
    }
  }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder.path() / name, std::ios::binary) << bytes;
    return folder.path() / name;
  }
  std::filesystem::path small_file(const std::string& name) const { return write(name + ".pt", oracle.file(name)); }
  const testing::OracleWeights oracle;
  const testing::TemporaryFolder folder;
};

TEST_F(StateDict, OfAnyOrderTypesStridesAndSharedStoragesIsRead) {
  for (const char* name : {"mixed", "mixed_protocol_4"}) {
    const std::vector<double> values = read_state_dict(small_file(name), oracle.small_layout);
    for (const ParameterSpec& p : oracle.small_layout.parameters) {
      const std::vector<double> row(values.begin() + p.offset, values.begin() + p.offset + p.size);
      EXPECT_EQ(row, oracle.index["small_values"][p.name].get<std::vector<double>>()) << name << ": " << p.name;
    }
  }
}

TEST_F(StateDict, SaysAllThatIsWrongAtOnce) {
  EXPECT_THAT(
      problems(small_file("wrong"), oracle.small_layout),
      UnorderedElementsAre(
          "has no 'projector.0.bias'", "has 'extra.weight', which the network does not",
          "'projector.0.weight' has shape [3, 4], expected [4, 3]",
          "'transformer_encoder.layers.0.norm1.weight' is a tensor of LongStorage, expected float16, bfloat16, float32 "
          "or float64",
          "'transformer_encoder.layers.0.norm1.bias' has 2 values that are not finite in float32, of 4",
          "'transformer_encoder.layers.0.norm2.bias' is a text, expected a tensor"));
}

TEST_F(StateDict, OfAnotherPairSaysWhichOneIsWanted) {
  EXPECT_THAT(problems(small_file("other_pair"), oracle.small_layout),
              ElementsAre("holds weights for 'isHRD' and 'LF', expected 'isMSIH' (class label) and 'LF' (auxiliary)"));
}

TEST_F(StateDict, OtherThingsThatPyTorchSavesAreRefused) {
  EXPECT_THAT(problems(small_file("module"), oracle.small_layout),
              ElementsAre("holds an object made by 'torch.nn.modules.linear.Linear', expected a dict of tensors "
                          "(model.state_dict())"));
  EXPECT_THAT(problems(small_file("tensor"), oracle.small_layout),
              ElementsAre("holds a tensor, expected a dict of tensors (model.state_dict())"));
  EXPECT_THAT(problems(small_file("optimizer"), oracle.small_layout),
              ElementsAre(HasSubstr("holds more than tensors and dicts")));
  EXPECT_THAT(problems(small_file("checkpoint"), oracle.small_layout),
              ::testing::Contains("has 'model', which the network does not"));
  EXPECT_THAT(problems(small_file("legacy"), oracle.small_layout),
              ElementsAre("is in the format of PyTorch before 1.6; load it and save it again with torch.save of "
                          "PyTorch 1.6 or later"));
}

TEST_F(StateDict, FilesThatAreNoArchiveAreRefused) {
  EXPECT_THAT(problems(folder.path() / "none.pt", oracle.layout),
              ElementsAre("cannot be opened: No such file or directory"));
  EXPECT_THAT(problems(folder.path(), oracle.layout), ElementsAre("is a folder"));
  for (const std::string& text : {std::string(), std::string("PATIENT,isMSIH\n")}) {
    EXPECT_THAT(problems(write("text.pt", text), oracle.layout),
                ElementsAre("was not written by torch.save: not a zip archive"));
  }
  EXPECT_THAT(problems(write("empty.pt", "PK"), oracle.layout), ElementsAre(HasSubstr("zip archive")));
}

// Files that would take hours and all memory: each bound alone.
TEST(Pickle, HostileOnesAreRefusedAtOnce) {
  const auto refusal = [](const std::string& bytes) -> std::string {
    try {
      read_pickled_dict(bytes);
      return "";
    } catch (const InputError& e) {
      return e.what();
    }
  };
  EXPECT_EQ(refusal("\x80\x02}."), "");
  const std::string text = std::string("X\x01\x04\x00\x00", 5) + std::string(1025, 'a');
  EXPECT_THAT(refusal(text + "."), HasSubstr("a text of more than 1024 bytes"));
  EXPECT_THAT(refusal(std::string(5000, 'N') + "."), HasSubstr("more than 4096 values at once"));
  EXPECT_THAT(refusal("Nq" + std::string(1, '\0') +
                      [] {
                        std::string gets;
                        for (int i = 0; i < 5000; ++i) gets += std::string("h\0", 2);
                        return gets;
                      }()),
              HasSubstr("more than 4096 values at once"));
  EXPECT_THAT(refusal(std::string(300000, 'N')), HasSubstr("300000 bytes"));
}

// PyTorch itself reads many of these without a word.
TEST_F(StateDict, APipeIsNotWaitedFor) {
  const std::filesystem::path pipe = folder.path() / "pipe.pt";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(problems(pipe, oracle.small_layout), ElementsAre("is a pipe or device"));
}

// Records whose bytes overlap could be read a hundred times over.
TEST(ZipReader, NoMoreIsReadThanTheFileHas) {
  const testing::OracleWeights oracle;
  const ZipReader zip(oracle.state_dict());
  const std::string record = zip.folder_of("data.pkl") + "/data.pkl";
  const std::size_t size = zip.read(record).size(), all = std::filesystem::file_size(oracle.state_dict());
  std::size_t read = size;
  try {
    for (; read <= 2 * all; read += size) zip.read(record);
    ADD_FAILURE() << read << " bytes read of " << all;
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("shares bytes with other records"));
  }
}

TEST_F(StateDict, TruncatedAnywhereIsRefused) {
  const std::string whole = oracle.file("mixed");
  for (std::size_t n = 0; n < whole.size(); n += 1 + n / 100) {
    EXPECT_THAT(problems(write("cut.pt", whole.substr(0, n)), oracle.small_layout), Not(IsEmpty())) << n << " bytes";
  }
}

TEST_F(StateDict, FlippedBitsAreRefusedOrChangeNothing) {
  const std::string whole = oracle.file("mixed");
  const std::vector<double> values = read_state_dict(small_file("mixed"), oracle.small_layout);
  int refused = 0, tried = 0;
  for (std::size_t i = 0; i < whole.size(); i += 7, ++tried) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    const auto file = write("flipped.pt", bytes);
    try {
      EXPECT_EQ(read_state_dict(file, oracle.small_layout), values) << "byte " << i;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, tried / 4) << "the rest is padding, times and other things that say nothing";
}

}  // namespace
}  // namespace mtlgrid
