"""`repeats`: more runs of every fold in the same grid; what is done stays, bit for bit, and every command knows them."""
import csv
import io
import re
import tempfile
import unittest

from grid import Grid

METHODS = "baseline, naive"
FIRST = 2 * 2 * 3  # pairs x methods x folds
SELECT = ("SELECT c.name, p.cohort, p.patient, p.score, p.prediction FROM cells c JOIN predictions p ON p.cell_id = c.cell_id"
          " AND p.attempt = c.result_attempt WHERE c.repeat = {} ORDER BY 1, 2, 3")
CELL = "MSI/ITH/naive/0.1"


class Repeats(unittest.TestCase):
    def grid(self, repeats=None):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        grid = Grid(temporary.name, epochs=2, methods=METHODS)
        if repeats:
            self.set_repeats(grid, repeats)
        return grid

    @staticmethod
    def set_repeats(grid, repeats):
        text = re.sub(r"(?m)^repeats = .*\n", "", grid.config.read_text())
        grid.config.write_text(text.replace("[grid]\n", f"[grid]\nrepeats = {repeats}\n"))

    def test_more_repeats_continue_the_grid(self):
        grown = self.grid()
        self.assertEqual(grown.run(), 0)
        before = grown.results()
        self.set_repeats(grown, 2)
        self.assertIn(f"x 3 folds x 2 repeats = {2 * FIRST} cells", grown.call("plan", grown.config).stdout)
        self.assertEqual(grown.run(ranks=2), 0)
        self.assertEqual(grown.rows("SELECT count(*) FROM grids"), [(1,)])
        self.assertEqual(grown.count_done(), 2 * FIRST)
        after = grown.results()
        for kind, rows in before.items():
            self.assertLessEqual(set(rows), set(after[kind]), kind)
            self.assertEqual(2 * len(rows) if kind != "epochs" else len(after[kind]), len(after[kind]), kind)
        first, second = (grown.rows(SELECT.format(repeat)) for repeat in (0, 1))
        self.assertEqual([row[:3] for row in first], [(row[0].removesuffix(".1"), *row[1:3]) for row in second])
        same = sum(a[3] == b[3] for a, b in zip(first, second))
        self.assertLess(same, len(first) / 100, "another repeat is another network")

        fresh = self.grid(repeats=2)
        self.assertEqual(fresh.run(), 0)
        for repeat in (0, 1):
            self.assertEqual(fresh.rows(SELECT.format(repeat)), grown.rows(SELECT.format(repeat)))
        self.commands_know_repeats(grown)

        self.set_repeats(grown, 1)  # fewer again: nothing is lost, and nothing is left to do
        self.assertEqual(grown.run(), 0)
        self.assertEqual(grown.count_done(), 2 * FIRST)

    def commands_know_repeats(self, grid):
        self.assertIn("bit-equal", grid.call("cell", grid.config, CELL, "--verify").stdout)
        self.assertIn(CELL, grid.call("status", grid.store, "--why", CELL).stdout)
        self.assertIn("pairs and repeats", grid.call("status", grid.store).stdout)
        file = grid.folder / "predictions.csv"
        grid.call("export", grid.store, "--predictions", "csv", "--only", "repeat=1,method=naive", "--out", file)
        rows = list(csv.DictReader(io.StringIO(file.read_text())))
        self.assertEqual({(row["repeat"], row["method"]) for row in rows}, {("1", "naive")})
        cohort = grid.config.parent / "CPTAC-CRC"
        predicted = csv.DictReader(io.StringIO(grid.call(
            "predict", grid.store, CELL, "--slides", cohort / "slide.csv", "--features", cohort / "feats").stdout))
        scores = {row["patient"]: float(row["score"]) for row in predicted}
        stored = grid.rows("SELECT patient, score FROM counted_predictions WHERE repeat = 1 AND cohort = 'CPTAC-CRC' AND"
                           " fold = 0 AND method = 'naive' AND auxiliary = 'ITH'")
        self.assertGreater(len(stored), 10)
        for patient, score in stored:
            self.assertEqual(scores[patient], score)
        grid.call("tables", grid.store, "--out", grid.folder / "tables", "--resamples", "50")
        self.assertIn("patients and repeats resampled", (grid.folder / "tables/table1.md").read_text())
        refused = grid.call("status", grid.store, "--why", "MSI/ITH/naive/0.7", check=False)
        self.assertIn("is not a cell of the grid", refused.stderr)


if __name__ == "__main__":
    unittest.main()
