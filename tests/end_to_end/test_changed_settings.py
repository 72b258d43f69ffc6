"""A store whose configuration or tables change after a run: what `plan` and `run` say, what readers show, and which
tables stay."""
import re
import unittest

from grid import GridTest


class ChangedSettings(GridTest):
    def configure(self, grid, key, value):
        text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", grid.config.read_text())
        self.assertEqual(found, 1, key)
        grid.config.write_text(text)

    def warning(self, grid):
        """The lines of `plan` on the grids of the store."""
        lines = grid.call("plan", grid.config).stdout.split("\n")
        start = next((i for i, line in enumerate(lines) if line.startswith("Grid ") and " grid " in line), len(lines))
        return lines[start:lines.index("", start)] if start < len(lines) else []

    def assert_old_option_told(self, lines):
        """Once, and neither as a run's first line nor as its last, which people look for."""
        told = [number for number, line in enumerate(lines) if "run --workers is now called --trainers" in line]
        self.assertEqual(len(told), 1)
        self.assertNotIn(told[0], (0, len(lines) - 1))

    def test_the_finished_grid_stays_in_sight(self):
        grid = self.grid(epochs=1, patients=24, methods="naive")
        self.assertEqual(grid.run(), 0)
        self.assertEqual(self.warning(grid), [])
        tables = grid.folder / "tables"
        grid.call("tables", grid.store, "--out", tables, "--resamples", "0")
        before = {file.name: file.read_bytes() for file in tables.iterdir()}

        # Another number of epochs, stopped before anything is done: the finished grid is what readers show.
        self.configure(grid, "epochs", 2)
        first, cost, back = self.warning(grid)
        self.assertRegex(first, r"^Grid \w{12} is not grid 1 of this store \(6 of 6 cells done\): \[train\] epochs 2, there 1$")
        self.assertRegex(cost, r"^  a run trains all 6 cells of it; grid 1 keeps its 6 results, which took .* of training$")
        self.assertEqual(back, "  to continue grid 1 instead: write epochs = 1 in [train]")
        verified = grid.call("cell", grid.config, "MSI/ITH/naive/0", "--verify", check=False)
        self.assertEqual(verified.returncode, 2)
        self.assertIn(first, verified.stderr)
        self.assertEqual(grid.rows("SELECT count(*) FROM grids"), [(1,)], "no second, empty grid")
        run = grid.start(arguments=["--inject", "*=fail:1"])
        self.assertEqual(run.wait(), 1)
        self.assertLess(run.output().index(first), run.output().index("grid 2 in "), "said before it begins")
        self.assertIn(back, run.output())
        status = grid.call("status", grid.store).stdout
        self.assertRegex(status, r"(?m)^ *1 +6 of 6 cells done .* \[train\] epochs 1$")
        self.assertRegex(status, r"(?m)^ *2 +0 of 6 cells done, 6 failed .* \[train\] epochs 2$")
        self.assertIn("\nGrid 1: 6 of 6 cells done\n", status)
        grid.call("tables", grid.store, "--out", tables, "--resamples", "0")
        self.assertEqual({file.name: file.read_bytes() for file in tables.iterdir()}, before)

        # With results of both, readers ask, and tables of the one do not replace those of the other.
        both = grid.start(arguments=["--retry-failed"])
        self.assertEqual(both.wait(), 0)
        self.assertIn(f"Next: mtlgrid tables {grid.store} --grid 2 --out tables-grid2\n", both.output())
        asked = grid.call("tables", grid.store, "--out", tables, check=False)
        self.assertEqual(asked.returncode, 2)
        self.assertIn("--grid 2 (6 of 6 cells done): [train] epochs 2", asked.stderr)
        refused = grid.call("tables", grid.store, "--grid", 2, "--out", tables, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"--out {tables}-grid2", refused.stderr)
        self.assertEqual({file.name: file.read_bytes() for file in tables.iterdir()}, before)

        # The way back is what the warning says.
        self.configure(grid, "epochs", 1)
        run = grid.start()
        self.assertEqual(run.wait(), 0)
        self.assertIn("6 cells, 6 done, 0 to do", run.output())
        self.assertNotIn("is not grid", run.output())

        # Another seed keeps the folds.
        self.configure(grid, "seed", 9)
        self.assertIn(": [grid] seed 9, there 7", self.warning(grid)[0])
        said = grid.call("run", grid.config, "--workers", 1, "--only", "fold=0", "--empty-cells", "0").stderr.splitlines()
        self.assertIn("is not grid", said[0])
        self.assert_old_option_told(said)
        folds = "SELECT biomarker, auxiliary, fold, patient, role FROM splits WHERE grid_id = {} ORDER BY 1, 2, 3, 4"
        self.assertEqual(grid.rows(folds.format(3)), grid.rows(folds.format(1)))
        self.configure(grid, "seed", 7)

        # One corrected value.
        clini = grid.config.parent / "TCGA-CRC/clini.csv"
        header, *rows = clini.read_text().split("\n")
        column = header.split(",").index("ITH")
        patient, was = next((cells[0], cells[column]) for cells in (row.split(",") for row in rows)
                            if len(cells) > column and cells[column] and cells[0] in self.trained(grid))
        value = repr(float(was)).removesuffix(".0")
        clini.write_text("\n".join([header] + [
            ",".join([*cells[:column], "0.5", *cells[column + 1:]]) if cells[0] == patient else ",".join(cells)
            for cells in (row.split(",") for row in rows)]))
        self.assertIn(f": targets of cohort TCGA-CRC differ for 1 patient: {patient} (ITH 0.5, there {value})",
                      self.warning(grid)[0])

    def trained(self, grid):
        return {patient for (patient,) in grid.rows("SELECT patient FROM splits WHERE biomarker = 'MSI'")}


if __name__ == "__main__":
    unittest.main()
