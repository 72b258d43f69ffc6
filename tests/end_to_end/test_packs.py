"""Packs: the cells of a group trained at the same time give the rows that they give one by one, whatever dies."""
import os
import signal
import tempfile
import unittest

from grid import CELLS, Grid, GridTest


class Packs(GridTest):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="mtlgrid-") as folder:
            alone = Grid(folder)
            assert alone.run(trainers=2) == 0
            cls.expected = alone.results()

    def setUp(self):
        super().setUp()
        self.packed = self.grid("packed")
        text = self.packed.config.read_text()
        self.packed.config.write_text(text.replace("[train]\n", "[train]\npack = 4\n", 1))

    def check(self):
        self.packed.wait_for_no_process()
        self.assert_complete(self.packed)
        self.assert_same_results(self.expected, self.packed.results())

    def test_packed_cells_get_the_results_that_they_get_alone(self):
        self.assertEqual(self.packed.run(trainers=2), 0)
        self.check()
        widths = self.packed.rows("SELECT pack, count(*) FROM attempts GROUP BY pack ORDER BY pack")
        self.assertEqual(widths, [(2, CELLS // 3), (4, 2 * CELLS // 3)])  # six methods a group
        for pack, members in self.packed.rows("SELECT pack, members FROM attempts"):
            self.assertEqual(pack, len(members.split(",")))

    def test_killed_trainer_costs_its_pack_one_attempt_each(self):
        run = self.packed.start(trainers=2)
        self.packed.wait_for_done(6)
        os.kill(self.packed.named("mtlgrid-trainer")[0], signal.SIGKILL)
        run.wait()
        self.assertEqual(self.packed.done_status(), 0, run.output())
        (crashed,), = self.packed.rows("SELECT count(*) FROM attempts WHERE outcome = 'crashed'")
        self.assertIn(crashed, (1, 2, 3, 4))
        self.check()


if __name__ == "__main__":
    unittest.main()
