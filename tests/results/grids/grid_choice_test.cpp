#include "results/grids/grid_choice.h"

#include <gmock/gmock.h>

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GridChoice : public StoreTest {
 protected:
  // Registers a grid that differs from the others by its epochs; commits `results` of its cells, ended at `ended`.
  void add(int epochs, int results, double ended = 160) {
    GridRecord record = grid("grid of " + std::to_string(epochs));
    record.settings = {{"train", {{"epochs", epochs}}}};
    Store store = open();
    store.use_grid(record);
    for (int fold = 0; fold < results; ++fold) {
      CellResult r = result(cell(fold));
      r.ended = ended;
      store.commit_result(r);
    }
  }
  std::int64_t choose(std::optional<std::int64_t> wanted = std::nullopt) const {
    return choose_grid(open_for_reading(file), wanted);
  }
  std::int64_t shown(std::optional<std::int64_t> running = std::nullopt) const {
    return choose_grid_of_state(open_for_reading(file), std::nullopt, running);
  }
  std::string note(std::int64_t chosen) const { return note_on_choice(open_for_reading(file), chosen); }
};

TEST_F(GridChoice, IsTheOnlyGridWithOrWithoutResults) {
  add(6, 0);
  EXPECT_EQ(choose(), 1);
  EXPECT_EQ(note(1), "");
}

TEST_F(GridChoice, IsTheGridThatHasResults) {
  add(6, 2);
  add(7, 0);
  EXPECT_EQ(choose(), 1);
  EXPECT_EQ(shown(), 1);
  EXPECT_EQ(note(1), "grid 1 of 2 (the only one with results); --grid chooses another");
  EXPECT_EQ(choose(2), 2) << "on request";
  EXPECT_EQ(note(2), "grid 2 of 2; --grid chooses another");
}

TEST_F(GridChoice, IsTheNewestWhereNoneHasResults) {
  add(6, 0);
  add(7, 0);
  EXPECT_EQ(choose(), 2);
}

TEST_F(GridChoice, AsksWhereSeveralHaveResultsAndTellsThemApart) {
  add(6, 3);
  add(7, 1);
  EXPECT_STREQ(error_of([&] { choose(); }).what(),
               "the store has results of several grids; choose one of its 2 with --grid:\n"
               "--grid 1 (3 of 6 cells done): [train] epochs 6\n--grid 2 (1 of 6 cells done): [train] epochs 7");
}

TEST_F(GridChoice, OfAStateIsTheRunningGridElseTheOneWorkedOnLast) {
  add(6, 1, 900);
  add(7, 1, 800);
  EXPECT_EQ(shown(), 1);
  EXPECT_EQ(shown(2), 2);
  EXPECT_EQ(shown(9), 1) << "the snapshot does not have it yet";
}

TEST_F(GridChoice, UnknownGridIsNamedWithTheKnown) {
  add(6, 0);
  EXPECT_THAT(error_of([&] { choose(7); }).what(), HasSubstr("no grid 7; there is 1"));
}

TEST_F(GridChoice, ListTellsEveryGridApart) {
  add(6, 2);
  add(7, 0);
  add(8, 0);
  std::vector<std::string> apart;
  for (const GridRow& row : list_grids(open_for_reading(file), 1)) apart.push_back(row.apart);
  EXPECT_THAT(apart, ElementsAre("[train] epochs 6", "[train] epochs 7", "[train] epochs 8"));
  EXPECT_EQ(list_grids(open_for_reading(file), 1)[0].grid.progress(), "2 of 6 cells done");
}

}  // namespace
}  // namespace mtlgrid::testing
