#include "orchestrator/commands/command_options.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ThrowsMessage;

// A command whose option --trainers was once called --workers.
Command sample() {
  const auto declare = [](CommandOptions& options) {
    options.argument("CONFIG", "configuration file")
        .number("trainers", "N", "trainer processes")
        .renamed("workers", "trainers")
        .flag("quick", "finish sooner");
  };
  return {"sample", "does nothing", "mtlgrid sample grid.ini", declare, [](const CommandOptions&) { return 0; }};
}

TEST(CommandOptions, AnOldNameIsAcceptedWithAWarning) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"c.ini", "--workers", "3"}, {"c.ini", "--workers=3"}, {"--workers", "3", "c.ini"}}) {
    CommandOptions options(sample());
    EXPECT_TRUE(options.parse(words));
    EXPECT_EQ(options.number_in("trainers", 1, 9), 3);
    EXPECT_FALSE(options.has("workers"));
    EXPECT_THAT(options.warnings(), ElementsAre(AllOf(HasSubstr("--workers"), HasSubstr("--trainers"))));
  }
}

TEST(CommandOptions, TheNewNameGivesNoWarning) {
  CommandOptions options(sample());
  EXPECT_TRUE(options.parse({"c.ini", "--trainers", "3"}));
  EXPECT_EQ(options.number_in("trainers", 1, 9), 3);
  EXPECT_THAT(options.warnings(), IsEmpty());
}

TEST(CommandOptions, OldAndNewNameTogetherAreAnError) {
  CommandOptions options(sample());
  EXPECT_THAT(
      [&] { options.parse({"c.ini", "--trainers=2", "--workers", "2"}); },
      ThrowsMessage<InputError>(HasSubstr("sample: --workers is the old name of --trainers; give --trainers alone")));
}

TEST(CommandOptions, AnAbbreviationOfAnOldNameIsAnError) {
  CommandOptions options(sample());
  EXPECT_THAT([&] { options.parse({"c.ini", "--worker", "2"}); },
              ThrowsMessage<InputError>(HasSubstr("unrecognised option '--worker'")));
}

TEST(CommandOptions, HelpShowsNewNamesOnly) {
  const CommandOptions options(sample());
  EXPECT_THAT(options.help(), AllOf(HasSubstr("--trainers N"), Not(HasSubstr("--workers"))));
  EXPECT_THAT(options.option_names(), ElementsAre("trainers", "quick"));
}

}  // namespace
}  // namespace mtlgrid
