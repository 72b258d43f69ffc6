// Lines of an attempt's log: the reader understands what the writer writes, and logs of earlier versions.
#include "results/records/attempt_log_format.h"

#include <gtest/gtest.h>

#include <limits>

namespace mtlgrid {
namespace {

const Cell kCell{"MSI", "LF", "autol+cagrad", 2};

EpochRow row(int epoch) {
  EpochRow r;
  r.epoch = epoch;
  r.train_classification = 0.6931471805599453;
  r.train_regression = std::numeric_limits<double>::quiet_NaN();  // in `baseline`
  r.valid_classification = 1e-7;
  r.valid_regression = 12345678;
  r.seconds = 0.25;
  return r;
}

TEST(AttemptLog, EpochsAreReadBack) {
  for (const int epoch : {1, 2, 10, 32, 100000}) {
    for (const bool best : {false, true}) {
      const LogLine parsed = parse_log_line(kCell, log_line(kCell, epoch_log_text(kCell, row(epoch), best)));
      EXPECT_EQ(parsed.epoch, epoch);
      EXPECT_EQ(parsed.resumed_from, std::nullopt);
    }
  }
}

TEST(AttemptLog, CheckpointsAreReadBack) {
  for (const std::string path :
       {"/a/grid.db.d/grid-1/MSI/LF/naive/2/attempt-1/checkpoint-0000000040", "a b: epoch 3", ""}) {
    const LogLine parsed = parse_log_line(kCell, log_line(kCell, resumed_log_text(path)));
    EXPECT_EQ(parsed.resumed_from, path);
    EXPECT_EQ(parsed.epoch, std::nullopt);
  }
}

TEST(AttemptLog, LossesAreNamedByTheirTasks) {
  EXPECT_EQ(
      epoch_log_text(kCell, row(3), true),
      "epoch 3: class MSI: train 0.693147, validation 1e-07; value LF: train nan, validation 1.23457e+07; 0.25 s, "
      "best");
  EpochRow alone = row(3);
  alone.valid_regression = kMissing;
  EXPECT_EQ(epoch_log_text(kCell, alone, false), "epoch 3: class MSI: train 0.693147, validation 1e-07; 0.25 s")
      << "`baseline` has one task";
}

// Lines as earlier versions wrote them: logs on disk outlive the version that wrote them.
TEST(AttemptLog, LinesOfEarlierVersionsAreRead) {
  const std::string epoch =
      "MSI/LF/autol+cagrad/2: epoch 3: training 0.693147 nan, validation 1e-07 1.23457e+07, 0.25 s, best";
  EXPECT_EQ(parse_log_line(kCell, epoch).epoch, 3);
  EXPECT_EQ(log_line(kCell, resumed_log_text("/x/checkpoint-0000000040")),
            "MSI/LF/autol+cagrad/2: going on from /x/checkpoint-0000000040");
  EXPECT_EQ(parse_log_line(kCell, "MSI/LF/autol+cagrad/2: going on from /x/checkpoint-0000000040").resumed_from,
            "/x/checkpoint-0000000040");
}

TEST(AttemptLog, OtherLinesSayNothing) {
  const Cell longer{"MSI", "LF", "autol+cagrad", 21};
  for (const std::string& line :
       {std::string("2026-11-27T06:52:30Z process 7 on node1, rank 3, cpu: MSI/LF/autol+cagrad/2 attempt 1"),
        std::string("epoch 3"), std::string(""), log_line(longer, epoch_log_text(kCell, row(3), false)),
        log_line(kCell, "epochs"), log_line(kCell, "epoch x"), log_line(kCell, "checkpoint passed over"),
        std::string(1, ' ').append(log_line(kCell, epoch_log_text(kCell, row(3), false)))}) {
    const LogLine parsed = parse_log_line(kCell, line);
    EXPECT_EQ(parsed.epoch, std::nullopt) << line;
    EXPECT_EQ(parsed.resumed_from, std::nullopt) << line;
  }
  EXPECT_TRUE(is_log_line_of(kCell, log_line(kCell, "any text")));
  EXPECT_FALSE(is_log_line_of(kCell, log_line(longer, "any text")));
}

}  // namespace
}  // namespace mtlgrid
