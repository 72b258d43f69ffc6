"""The database says what the journal says: other programs at both during a run, mixed copies, stores from elsewhere."""
import os
import shutil
import sqlite3
import unittest
from pathlib import Path

from grid import GridTest

CELLS = 2 * 2 * 3     # pairs x methods x folds
SLOW = "*=slow:0.04"  # seconds a step, so that most of the run is yet to come when the other program begins
BESIDE = ("", ".journal", ".sum")


class StoreTruth(GridTest):
    def setUp(self):
        super().setUp()
        self.one = self.grid(epochs=2, patients=24, methods="baseline, naive")
        self.journal = Path(f"{self.one.store}.journal")

    def start_and_wait(self):
        run = self.one.start(trainers=2, arguments=("--inject", SLOW))
        self.one.wait_for_done(2)
        # STORE is rarely published on a busy machine: what is seen last may be the end, after which nothing is compared.
        self.assertLess(self.one.count_done(), CELLS, "the run was over before the other program began")
        return run

    def check_ends_well(self, run):
        self.assertEqual(run.wait(), 0, run.output())
        self.assertEqual(self.one.done_status(), 0)
        self.assert_complete(self.one, CELLS)
        self.assertNotIn("WRONG", self.one.call("doctor", self.one.store).stdout)

    def check_needs_a_person(self, run):
        self.assertEqual(run.wait(), 5, run.output())
        self.assertEqual(self.one.done_status(), 5)
        self.assertIn("grid.db.journal: was", run.output())
        self.assertGreaterEqual(self.one.count_done(), 2)
        self.one.call("status", self.one.store)

    def test_update_during_a_run(self):
        run = self.start_and_wait()
        with sqlite3.connect(self.one.store, timeout=30) as db:
            db.execute("UPDATE metrics SET value = 0.999 WHERE metric = 'auroc'")
        db.close()
        self.check_ends_well(run)
        self.assertEqual(self.one.rows("SELECT count(*) FROM metrics WHERE value = 0.999"), [(0,)])

    def test_a_folder_in_place_of_the_store_during_a_run(self):
        run = self.start_and_wait()
        self.one.store.rename(self.folder / "away")
        (self.one.store / "in").mkdir(parents=True)
        self.assertEqual(run.wait(), 5, run.output())
        self.assertEqual(self.one.done_status(), 5)
        self.assertIn("grid.db: cannot be published: ", run.output())
        self.assertIn("all results of this run are in grid.db.journal. Let it be replaced, then run again", run.output())
        shutil.rmtree(self.one.store)
        self.assertEqual(self.one.run(), 0)
        self.assert_complete(self.one, CELLS)
        self.assertEqual(self.one.rows("SELECT count(*) FROM attempts"), [(CELLS,)])

    def test_journal_removed_during_a_run(self):
        run = self.start_and_wait()
        self.journal.unlink()
        self.check_ends_well(run)
        self.assertIn("has put it back", run.output())
        self.one.store.unlink()
        self.assertEqual(self.one.run(), 0)
        self.assert_complete(self.one, CELLS)

    def test_journal_emptied_during_a_run(self):
        run = self.start_and_wait()
        os.truncate(self.journal, 0)
        self.check_needs_a_person(run)

    def test_journal_edited_during_a_run(self):
        run = self.start_and_wait()
        with open(self.journal, "r+b") as file:
            file.seek(1000)
            byte = file.read(1)[0]
            file.seek(1000)
            file.write(bytes([byte ^ 1]))
        self.check_needs_a_person(run)

    def test_copies_that_were_continued_apart(self):
        self.assertEqual(self.one.run(arguments=("--only", "fold=0")), 0)
        copy = self.folder / "copy"
        copy.mkdir()
        for end in BESIDE:
            shutil.copy(f"{self.one.store}{end}", copy)
        self.assertEqual(self.one.run(arguments=("--only", "fold=1")), 0)
        for end in BESIDE:  # the other copy, continued with another fold
            os.rename(f"{self.one.store}{end}", self.folder / f"first{end}")
            shutil.copy(copy / f"grid.db{end}", f"{self.one.store}{end}")
        self.assertEqual(self.one.run(arguments=("--only", "fold=2")), 0)
        shutil.copy(self.folder / "first", self.one.store)
        shutil.copy(self.folder / "first.sum", f"{self.one.store}.sum")
        before = [Path(f"{self.one.store}{end}").read_bytes() for end in BESIDE]
        run = self.one.start()
        self.assertEqual(run.wait(), 5, run.output())
        self.assertIn("continued apart", run.output())
        self.assertEqual([Path(f"{self.one.store}{end}").read_bytes() for end in BESIDE], before)
        self.assertIn("continued apart", self.one.call("doctor", self.one.store, check=False).stdout)

    def test_lock_with_an_epoch_that_is_none(self):
        self.assertEqual(self.one.run(arguments=("--only", "fold=0")), 0)
        lock = Path(f"{self.one.store}.lock")
        lock.write_text('{"epoch":"18446744073709551615","beat":"0","host":"h","pid":1,"start":"1","machine":"m","since":1}\n')
        run = self.one.start(trainers=2)  # of another machine: watched for five heartbeats
        self.assertEqual(run.wait(), 0, run.output())
        self.assertIn("'18446744073709551615', which is none", run.output())
        self.one.store.unlink()
        self.one.call("doctor", self.one.store, "--rebuild")
        self.assert_complete(self.one, CELLS)

    def test_store_from_elsewhere(self):
        self.assertEqual(self.one.run(arguments=("--only", "fold=0,method=naive")), 0)
        store = self.folder / "s.db"
        shutil.copy(self.one.store, store)
        with sqlite3.connect(store) as db:
            db.execute("UPDATE cells SET method = 'x' WHERE cell_id = 1")
        db.close()
        for command in (("tables", store, "--out", self.folder / "t"), ("status", store), ("query", store, "SELECT 1")):
            done = self.one.call(*command, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{store}: holds what no run writes (table cells: a row refers to a row of methods", done.stderr)

    def test_settings_that_no_run_writes(self):
        self.assertEqual(self.one.run(arguments=("--only", "fold=0,method=naive")), 0)
        cell, cohort = self.one.rows("SELECT cell FROM cell_summary WHERE state = 'done' LIMIT 1")[0][0], self.one.config.parent / "CPTAC-CRC"
        Path(f"{self.one.store}.sum").unlink()
        for settings in ("{}", '{"biomarkers": 3}', '{"biomarkers": {"MSI": {"train": []}, "HRD": 1}, "cluster": [], "file": 7}'):
            with sqlite3.connect(self.one.store) as db:
                db.execute("UPDATE grids SET settings = ?", (settings,))
            db.close()
            done = self.one.call("predict", self.one.store, cell, "--slides", cohort / "slide.csv", "--features",
                                 cohort / "feats", check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{self.one.store}: holds what no run writes (settings of grid 1", done.stderr)
            self.one.call("status", self.one.store, "--why", cell)


if __name__ == "__main__":
    unittest.main()
