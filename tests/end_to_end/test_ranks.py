"""The same grid on 1, 2 and 4 ranks and with local trainers: bit-equal results. And cells trained again: bit-equal."""
import random
import unittest

from grid import CELLS, GridTest, require_mpirun


class Ranks(GridTest):
    def test_any_number_of_ranks_and_trainers_gives_the_same_bits(self):
        require_mpirun()
        alone = self.grid("alone")
        self.assertEqual(alone.run(trainers=1), 0)
        self.assert_complete(alone)
        expected = alone.results()
        self.assertGreater(len(expected["metrics"]), CELLS * 10)
        for ranks, trainers in ((0, 3), (1, 2), (2, 1), (4, 1)):
            with self.subTest(ranks=ranks, trainers=trainers):
                grid = self.grid(f"ranks-{ranks}-{trainers}")
                self.assertEqual(grid.run(ranks, trainers), 0)
                self.assert_complete(grid)
                self.assert_same_results(expected, grid.results())
                grid.wait_for_no_process()

    def test_cells_trained_again_are_bit_equal(self):
        grid = self.grid()
        self.assertEqual(grid.run(trainers=2), 0)
        names = grid.rows("SELECT biomarker || '/' || auxiliary || '/' || method || '/' || fold FROM cells ORDER BY 1")
        for (name,) in random.Random(11).sample(names, 10):
            with self.subTest(cell=name):
                done = grid.call("cell", grid.config, name, "--verify")
                self.assertIn(f"{name}: attempt 2 against 1: bit-equal", done.stdout)
        self.assert_complete(grid)
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE result_attempt = 1"), [(CELLS,)])

    def test_replaced_result_counts(self):
        grid = self.grid(methods="naive")
        self.assertEqual(grid.run(trainers=2), 0)
        grid.call("cell", grid.config, "MSI/ITH/naive/0", "--replace")
        self.assertEqual(grid.rows("SELECT fold, result_attempt FROM cells WHERE biomarker = 'MSI' ORDER BY fold"),
                         [(0, 2), (1, 1), (2, 1)])

    def test_second_run_has_nothing_to_do(self):
        grid = self.grid(methods="naive")
        self.assertEqual(grid.run(trainers=2), 0)
        attempts = grid.rows("SELECT count(*) FROM attempts")
        self.assertEqual(grid.run(trainers=2), 0)
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts"), attempts)

    def test_only_the_selected_cells_are_run(self):
        grid = self.grid()
        self.assertEqual(grid.run(trainers=2, arguments=("--only", "biomarker=MSI,method=naive|cagrad,fold=0|2")), 0)
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state = 'done'"), [(4,)])
        self.assertEqual(grid.run(trainers=2), 0)
        self.assert_complete(grid)


if __name__ == "__main__":
    unittest.main()
