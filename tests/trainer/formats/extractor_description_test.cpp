// Descriptions of extractors, and every way in which one is refused; SHA-256.
#include "trainer/formats/extractor_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/formats/sha256.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Description : public ::testing::Test {
 protected:
  Description() { write("net.pt", "model"); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
    return folder.path() / name;
  }
  // The problems of a description, each without the file's name.
  std::vector<std::string> problems(const std::string& text) const {
    const std::filesystem::path file = write("net.json", text);
    try {
      read_extractor_description(file);
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
  const testing::TemporaryFolder folder;
};

TEST_F(Description, IsReadWithItsModelBesideIt) {
  const ExtractorDescription d = read_extractor_description(
      write("net.json", R"({"name": "my-net_2.0", "model": "net.pt", "input": 224, "mean": [0.5, 0, 1],
                            "standard_deviation": [0.2, 1, 2], "output": 1024, "batch": 32})"));
  EXPECT_EQ(d.name, "my-net_2.0");
  EXPECT_EQ(d.model, folder.path() / "net.pt");
  EXPECT_EQ(d.kind, ExtractorDescription::Kind::torchscript);
  EXPECT_EQ(d.input, 224);
  EXPECT_THAT(d.mean, ElementsAre(0.5, 0, 1));
  EXPECT_THAT(d.standard_deviation, ElementsAre(0.2, 1, 2));
  EXPECT_EQ(d.output, 1024);
  EXPECT_EQ(d.batch, 32);
}

TEST_F(Description, AllThatIsWrongIsSaidAtOnce) {
  EXPECT_THAT(problems(R"({"name": "a/b", "model": "net.onnx", "input": 0, "mean": [0.5, 0.5],
                           "standard_deviation": [0.2, 0, 1], "output": 1e3, "size": 7})"),
              ElementsAre("'name' is 'a/b', expected letters, digits, '.', '_' and '-', not '.' first, at most 100",
                          HasSubstr("'model' is 'net.onnx', expected a TorchScript file (.pt)"),
                          "'input' is 0, expected a whole number, 1 to 4096",
                          "'mean' is [0.5,0.5], expected three numbers (red, green, blue)",
                          HasSubstr("expected three numbers above 0"),
                          "'output' is 1000.0, expected a whole number, 1 to 65536", "unknown key 'size'"));
  EXPECT_THAT(problems("{}"), ElementsAre("no key 'name'", "no key 'model'", "no key 'input'", "no key 'mean'",
                                          "no key 'standard_deviation'", "no key 'output'"));
}

TEST_F(Description, WithoutItsModelIsRefused) {
  EXPECT_THAT(problems(R"({"name": "n", "model": "other.pt2", "input": 8, "mean": [0, 0, 0],
                           "standard_deviation": [1, 1, 1], "output": 4})"),
              ElementsAre(HasSubstr("'model' is 'other.pt2', but there is no file")));
}

TEST_F(Description, ThatIsNoJsonIsRefused) {
  EXPECT_THAT(problems("name = net"), ElementsAre(HasSubstr("expected a description of an extractor (JSON)")));
  EXPECT_THAT(problems("[1]"), ElementsAre("expected a JSON object"));
  EXPECT_THROW(read_extractor_description(folder.path() / "absent.json"), InputError);
}

TEST_F(Description, IsWhatEndsWithJson) {
  EXPECT_TRUE(is_description("models/uni.json"));
  EXPECT_FALSE(is_description("ctranspath"));
}

TEST_F(Description, SumsAreThoseOfTheStandard) {  // FIPS 180-2, appendix B
  EXPECT_EQ(sha256_of(write("abc", "abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of(write("million", std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_THROW(sha256_of(folder.path()), InputError);
  EXPECT_THROW(sha256_of(folder.path() / "absent"), InputError);
}

TEST_F(Description, WeightsThatAreNotThePublishedOnesAreNoted) {
  EXPECT_THAT(weights_note("ctranspath", folder.path() / "net.pt"),
              HasSubstr("net.pt: not the published weights of ctranspath (SHA-256 "));
  EXPECT_THAT(weights_note("mean-colour", ""), IsEmpty());
}

}  // namespace
}  // namespace mtlgrid
