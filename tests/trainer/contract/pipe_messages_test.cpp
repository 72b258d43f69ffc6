// Frames: what is encoded comes back, however the bytes arrive; what is no frame is refused.
#include "trainer/contract/pipe_messages.h"

#include <gtest/gtest.h>

#include <random>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

std::vector<json> read_all(FrameReader& reader) {
  std::vector<json> found;
  while (auto message = reader.next()) found.push_back(*message);
  return found;
}

const std::vector<json> kMessages = {
    {{"type", "stop"}},
    encode_message(Failed{{"MSI", "LF", "autol+cagrad", 3}, 2, "cause", "a\nb"}),
    encode_message(Progress{{"HRD", "ITH", "dwa", 0}, 1, 4, 32, {0.5, 0.25, 0.75, 0.125}})};

std::string stream() {
  std::string bytes;
  for (const json& m : kMessages) bytes += encode_frame(m);
  return bytes;
}

TEST(Frames, ArriveWholeHoweverTheStreamIsCut) {
  const std::string bytes = stream();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader;
    reader.feed(std::string_view(bytes).substr(0, cut));
    std::vector<json> found = read_all(reader);
    reader.feed(std::string_view(bytes).substr(cut));
    for (json& m : read_all(reader)) found.push_back(std::move(m));
    ASSERT_EQ(found, kMessages) << "cut at " << cut;
    EXPECT_FALSE(reader.partial());
  }
}

TEST(Frames, UnfinishedOneIsPartial) {
  FrameReader reader;
  const std::string bytes = stream();
  reader.feed(std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_EQ(read_all(reader).size(), 2u);
  EXPECT_TRUE(reader.partial());
}

TEST(Frames, LengthAboveTheMaximumIsRefused) {
  FrameReader reader;
  reader.feed(std::string_view("\x01\x00\x00\x40", 4));
  EXPECT_THROW(reader.next(), Error);
}

TEST(Frames, BytesThatAreNoMessagePackAreRefused) {
  for (const std::string& body :
       {std::string("\xc1"), std::string(), std::string("\x82\xa1"), std::string("\x80\x80")}) {
    FrameReader reader;
    std::string frame = {static_cast<char>(body.size()), 0, 0, 0};
    reader.feed(frame + body);
    EXPECT_THROW(reader.next(), Error) << body.size();
  }
}

// Whatever bytes come: messages, a wish for more bytes, or Error; nothing else, and no memory errors (run under ASan).
TEST(Frames, DamagedStreamsGiveMessagesOrErrors) {
  std::mt19937 engine(1);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = stream();
    for (int flips = 1 + static_cast<int>(engine() % 4); flips > 0; --flips) {
      bytes[engine() % bytes.size()] = static_cast<char>(engine());
    }
    bytes.resize(engine() % (bytes.size() + 1));
    FrameReader reader;
    try {
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t n = std::min<std::size_t>(1 + engine() % 40, bytes.size() - at);
        reader.feed(std::string_view(bytes).substr(at, n));
        read_all(reader);
        at += n;
      }
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::fatal);
    }
  }
}

TEST(Messages, SetupCarriesTheExperimentWithMissingTargets) {
  ::mtlgrid::Setup setup;
  setup.rank = 3;
  setup.experiment.seed = ~std::uint64_t{0};
  setup.experiment.pairs.resize(1);
  setup.experiment.pairs[0].training.target = {1.5, std::numeric_limits<double>::quiet_NaN()};
  FrameReader reader;
  reader.feed(encode_frame(encode_message(setup)));
  const ::mtlgrid::Setup back = reader.next().value().get<::mtlgrid::Setup>();
  EXPECT_EQ(back.rank, 3);
  EXPECT_EQ(back.experiment.seed, ~std::uint64_t{0});
  EXPECT_EQ(back.experiment.pairs[0].training.target[0], 1.5);
  EXPECT_TRUE(std::isnan(back.experiment.pairs[0].training.target[1]));
}

TEST(Messages, ResultKeepsNaNAndEmbeddings) {
  CellResult result;
  result.cell = {"MSI", "LF", "baseline", 0};
  result.predictions = {{"test", "p", 1, 0.75, 1.1, std::numeric_limits<double>::quiet_NaN(), 2}};
  result.embeddings = {{"test", "p", {1.0f, -2.5f}}};
  FrameReader reader;
  reader.feed(encode_frame({{"type", "finished"}, {"result", result}}));
  const auto back = reader.next().value().at("result").get<CellResult>();
  EXPECT_TRUE(std::isnan(back.predictions[0].target));
  EXPECT_EQ(back.predictions[0].score, 0.75);
  EXPECT_EQ(back.embeddings[0].values, (std::vector<float>{1.0f, -2.5f}));
}

TEST(Messages, MissingFieldIsAnError) {
  json message = Train{{"MSI", "LF", "dwa", 0}, 1, "/d", {}};
  message.erase("directory");
  EXPECT_THROW(message.get<Train>(), json::exception);
}

}  // namespace
}  // namespace mtlgrid
