"""A method that only this test's programs have (extra_method/), registered in one line: trained end to end on a store
that the plain program made, in packs, killed and resumed from checkpoints with its state, in tables; and the plain
program still reads and writes that store.
"""
import re
import unittest

from grid import BUILD, GridTest, until

EXTRA = BUILD / "extra_method/mtlgrid"
ADDED = ["steady", "dwa+steady", "uncert+steady", "autol+steady"]
PAPER = 17
FOLDS = 2


class ExtraMethod(GridTest):
    def small(self, name, program, methods):
        """One pair, two folds; packs of 4, and checkpoints after every few steps."""
        grid = self.grid(name, methods=methods)
        grid.program = program
        text = grid.config.read_text()
        text = re.sub(r"(?ms)^\[biomarker\.HRD\][^\[]*", "", text)
        text = re.sub(r"(?m)^folds = .*$", f"folds = {FOLDS}", text)
        grid.config.write_text(text.replace("[train]\n", "[train]\npack = 4\ncheckpoint_minutes = 0.0005\n", 1))
        return grid

    def select(self, grid, methods):
        grid.config.write_text(re.sub(r"(?m)^methods = .*$", f"methods = {methods}", grid.config.read_text()))

    def checkpoints_with_state(self, grid):
        """Checkpoints of cells that `steady` trains; each has its averages."""
        found = [file for method in ADDED for file in
                 grid.store.parent.glob(f"grid.db.d/grid-*/*/*/{method}/*/attempt-*/checkpoint-*")]
        return [file for file in found if b"averages" in self.content(file)]

    @staticmethod
    def content(file):
        try:
            return file.read_bytes() if file.suffix == "" else b""
        except FileNotFoundError:  # replaced by a later one
            return b""

    def resumed(self, grid):
        """Attempts at cells that `steady` trains which began with a checkpoint of the attempt before, by their logs."""
        return [log for method in ADDED for log in
                grid.store.parent.glob(f"grid.db.d/grid-*/*/*/{method}/*/attempt-*/log")
                if "going on from" in log.read_text()]

    def rows_of_added(self, grid):
        return {table: [row for row in rows if row[2] in ADDED] for table, rows in grid.results().items()}

    def kill_while_added_methods_are_trained(self, grid):
        run = grid.start(trainers=2)
        until(lambda: self.checkpoints_with_state(grid) or run.process.poll() is not None, "a checkpoint with state")
        grid.end()
        run.wait()
        grid.wait_for_no_process()
        self.assertTrue(self.checkpoints_with_state(grid), run.output())

    def tables(self, grid, program, name):
        grid.program = program
        out = self.folder / name
        grid.call("tables", grid.store, "--out", out, "--resamples", "50")
        return {file.name: file.read_bytes() for file in sorted(out.iterdir())}

    def test_is_trained_resumed_and_tabulated_on_a_store_of_the_plain_program(self):
        grid = self.small("grid", BUILD / "mtlgrid", "paper")
        self.assertEqual(grid.run(trainers=2), 0)
        self.assert_complete(grid, PAPER * FOLDS)
        before = grid.results()

        grid.program = EXTRA
        self.select(grid, "all")
        self.kill_while_added_methods_are_trained(grid)
        self.assertEqual(grid.run(trainers=2), 0)
        self.assert_complete(grid, (PAPER + len(ADDED)) * FOLDS)
        self.assertTrue(self.resumed(grid), "no cell was resumed from its checkpoint")
        self.assertEqual(grid.rows("SELECT name FROM methods ORDER BY position")[PAPER:], [(name,) for name in ADDED])
        for table, rows in grid.results().items():
            self.assertEqual([row for row in rows if row[2] not in ADDED], before[table], table)

        calm = self.small("calm", EXTRA, ", ".join(ADDED))
        self.assertEqual(calm.run(trainers=2), 0)
        self.assert_same_results(self.rows_of_added(calm), self.rows_of_added(grid))
        self.assertEqual(calm.rows("SELECT DISTINCT pack FROM attempts"), [(4,)])

        plain = BUILD / "mtlgrid"
        tables = self.tables(grid, EXTRA, "tables")
        self.assertIn(b"dwa+steady", tables["table1.csv"])
        self.assertEqual(self.tables(grid, plain, "tables of the plain program"), tables)
        self.plain_program_uses_the_store(grid)

    def plain_program_uses_the_store(self, grid):
        after = grid.results()
        self.assertIn("autol+steady", grid.call("status", grid.store).stdout)
        self.select(grid, "steady")
        self.assertIn("unknown method 'steady'", grid.call("plan", grid.config, check=False).stderr)
        self.select(grid, "all")
        grid.store.unlink()  # made again out of the journal, which has methods that this program does not have
        self.assertEqual(grid.run(trainers=2), 0)
        self.assert_same_results(after, grid.results())
        self.assertEqual(grid.rows("SELECT name FROM methods ORDER BY position")[PAPER:], [(name,) for name in ADDED])


if __name__ == "__main__":
    unittest.main()
