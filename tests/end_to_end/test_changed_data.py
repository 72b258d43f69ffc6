"""Features, bag files, checkpoints and weights that change or are exchanged: no result has other data than its grid."""
import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from grid import GridTest, until

METHODS = "naive, cagrad"
CELLS = 2 * 2 * 3  # pairs x methods x folds
SLOW = ["--inject", "*=slow:0.02"]


def same_size_and_time(target, content):
    """Writes over a file as `cp -p` and `rsync -t --inplace` would from a file of equal size."""
    before = os.stat(target)
    assert len(content) == before.st_size, target
    with open(target, "r+b") as file:
        file.write(content)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))


class ChangedData(GridTest):
    def small(self, name, cache="remove"):
        grid = self.grid(name, methods=METHODS)
        text = grid.config.read_text().replace("bag_cache_folder = .", f"bag_cache = {cache}\nbag_cache_folder = .")
        grid.config.write_text(text)
        return grid

    def files(self, grid):
        """Every feature file whose features another one can replace in place: those of one size with another."""
        sizes = {}
        for file in sorted((grid.folder / "cohorts/TCGA-CRC/feats").rglob("*.h5")):
            sizes.setdefault(file.stat().st_size, []).append(file)
        return [file for group in sizes.values() if len(group) > 1 for file in group]

    def replace_all(self, grid):
        """Every such patient gets the features of another one. Returns what was there."""
        before = {file: file.read_bytes() for file in self.files(grid)}
        self.assertGreater(len(before), 3)
        by_size = {}
        for file, content in before.items():
            by_size.setdefault(len(content), []).append(content)
        for file, content in before.items():
            other = by_size[len(content)]
            same_size_and_time(file, other[(other.index(content) + 1) % len(other)])
        return before

    def restore(self, before):
        for file, content in before.items():
            same_size_and_time(file, content)

    def calm(self, cache="remove"):
        grid = self.small(f"calm-{cache}", cache)
        self.assertEqual(grid.run(trainers=2), 0)
        return grid.results()

    def grid_count(self, grid):
        return grid.rows("SELECT count(*) FROM grids")[0][0]

    def test_features_that_change_in_a_run_end_it_and_blame_no_cell(self):
        calm = self.calm("off")
        grid = self.small("changed", "off")
        run = grid.start(arguments=SLOW)
        grid.wait_for_done(1)
        before = self.replace_all(grid)
        for pid in grid.named("mtlgrid-trainer"):
            os.kill(pid, signal.SIGKILL)  # its successor reads again
        self.assertEqual(run.wait(), 5)
        said = run.output()
        self.assertRegex(said, r"features changed: cohort TCGA-CRC, patient \S+: \S+\.h5: not the features that were there")
        self.assertIn("restore the file and run again, or run again as it is (for a run, the new data are a grid of their own)", said)
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state = 'failed'"), [(0,)])
        self.assertGreater(grid.count_done(), 0)
        for table, rows in grid.results().items():
            self.assertTrue(set(rows) <= set(calm[table]), table)
        self.restore(before)
        self.assertEqual(grid.run(trainers=2), 0)
        self.assertEqual(self.grid_count(grid), 1)
        self.assert_same_results(grid.results(), calm)

    def test_a_cell_that_was_trained_but_not_evaluated_is_continued(self):
        grid = self.small("trained", "off")
        run = grid.start(arguments=["--inject", "*=slow:0.05"])  # before every patient that is evaluated too
        logs = Path(f"{grid.store}.d")
        until(lambda: any("epoch 3: " in log.read_text() for log in logs.glob("grid-1/**/log")), "a cell to be trained")
        run.process.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(), 3)
        self.assertEqual(grid.count_done(), 0)
        again = grid.start(trainers=2)
        self.assertEqual(again.wait(), 0, again.output())
        self.assertNotIn("broken stream", again.output())
        self.assertEqual(grid.rows("SELECT max(resumed) FROM attempts"), [(4,)])  # after the last of 3 epochs
        self.assert_complete(grid, CELLS)

    def test_features_that_changed_with_their_size_and_time_kept_are_a_grid_of_their_own(self):
        grid = self.small("kept")
        self.assertEqual(grid.run(trainers=2, arguments=["--only", "fold=0"]), 0)
        self.replace_all(grid)
        self.assertEqual(grid.run(trainers=2, arguments=["--only", "fold=0"]), 0)
        self.assertEqual(self.grid_count(grid), 2)

    def test_features_that_change_between_plan_and_training_are_not_trained_on(self):
        grid = self.small("planned")
        run = grid.start()
        until(lambda: "cells, 0 done" in run.output(), "the data are checked")
        before = self.replace_all(grid)  # the trainer is still starting, and makes the bag file
        self.assertEqual(run.wait(), 5)
        self.assertIn("features changed: cohort TCGA-CRC", run.output())
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state = 'failed' OR "
                                   "(state = 'done' AND biomarker = 'MSI')"), [(0,)])  # others have other cohorts
        self.restore(before)
        self.assertEqual(grid.run(trainers=2, arguments=["--only", "fold=0"]), 0)
        self.assertEqual(self.grid_count(grid), 1)

    def test_a_bag_file_whose_bytes_change_reaches_no_result(self):
        calm = self.calm()
        grid = self.small("bags")
        run = grid.start(trainers=2, arguments=SLOW)
        grid.wait_for_done(1)
        (bags,) = [file for file in grid.config.parent.glob("mtlgrid-bags-*") if file.suffix != ".lock"]
        with open(bags, "r+b") as file:
            file.seek(8192)
            file.write(bytes(bags.stat().st_size - 8192))
        self.assertEqual(run.wait(), 0)
        self.assert_same_results(grid.results(), calm)

    def test_checkpoints_of_other_data_are_passed_over(self):
        grid = self.small("stale")
        run = grid.start(trainers=2, arguments=["--inject", "*=slow:0.05"])
        until(lambda: list(grid.store.parent.glob("grid.db.d/**/checkpoint-*")), "a checkpoint")
        run.process.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(), 3)
        for file in list(grid.store.parent.glob("grid.db*")):
            if file.is_file():
                file.rename(grid.folder / file.name)  # away, as docs/store.md advises
        self.replace_all(grid)
        self.assertEqual(grid.run(trainers=2), 0)
        logs = "".join(log.read_text() for log in grid.store.parent.glob("grid.db.d/grid-*/**/log") if log.is_file())
        self.assertRegex(logs, r"checkpoint skipped: \S+: of grid \w+, not of \w+: other data or settings")
        changed = grid.results()
        shutil.rmtree(f"{grid.store}.d")
        for file in grid.store.parent.glob("grid.db*"):
            file.unlink()
        self.assertEqual(grid.run(trainers=2), 0)
        self.assert_same_results(grid.results(), changed)

    def test_a_suspended_process_with_the_lock_of_the_bags_stops_no_run(self):
        calm = self.calm()
        grid = self.small("suspended")
        first = grid.start(arguments=SLOW)
        grid.wait_for_done(1)
        (bags,) = [file for file in grid.config.parent.glob("mtlgrid-bags-*") if file.suffix != ".lock"]
        first.process.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 3)
        # One process, which ends with the test: a second one would hold the test's output open.
        holder = subprocess.Popen(["flock", "--no-fork", f"{bags}.lock", "sh", "-c", "kill -STOP $$"])
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        state = lambda: Path(f"/proc/{holder.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        until(lambda: state() == "T", "a suspended holder of the lock")
        self.assertEqual(grid.run(), 0)
        logs = "".join(log.read_text() for log in grid.store.parent.glob("grid.db.d/grid-*/**/log") if log.is_file())
        self.assertIn("which is suspended", logs)
        self.assertIn("this process reads the feature files itself", logs)
        self.assert_same_results(grid.results(), calm)

    def test_weights_of_another_cell_or_grid_are_refused(self):
        grid = self.small("weights")
        self.assertEqual(grid.run(trainers=2, arguments=["--only", "biomarker=MSI,fold=0"]), 0)
        weights = {file.parts[-4]: file for file in grid.store.parent.glob("grid.db.d/grid-1/MSI/ITH/*/0/*/weights.mtlgrid")}
        naive, cagrad = (weights[method] for method in ("naive", "cagrad"))
        own = naive.read_bytes()
        shutil.copy(cagrad, naive)
        out = grid.folder / "out.pt"
        cohort = grid.config.parent / "CPTAC-CRC"
        predict = ["predict", grid.store, "MSI/ITH/naive/0", "--slides", cohort / "slide.csv", "--features", cohort / "feats"]
        export = ["export", grid.store, "MSI/ITH/naive/0", "--out", out]
        for command in (predict, export):
            done = grid.call(*command, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("has weights of cell MSI/ITH/cagrad/0, expected those of MSI/ITH/naive/0", done.stderr)
        self.assertFalse(out.exists())
        self.assertIn("WRONG  weights: grid 1: those of 1 cells cannot be used, such as ",
                      grid.call("doctor", grid.store, check=False).stdout)
        naive.write_bytes(own)
        self.assertNotIn("WRONG", grid.call("doctor", grid.store).stdout)
        grid.call(*export)
        self.replace_all(grid)
        self.assertEqual(grid.run(trainers=2, arguments=["--only", "biomarker=MSI,fold=0"]), 0)
        (other,) = grid.store.parent.glob("grid.db.d/grid-2/MSI/ITH/naive/0/*/weights.mtlgrid")
        shutil.copy(other, naive)
        for command in (predict, export):
            done = grid.call(*command, "--grid", "1", check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"has weights of grid \w{32}, expected those of \w{32}: other settings, or other data")


if __name__ == "__main__":
    unittest.main()
