"""Other programs that have the store open for as long as a run goes on: it ends as if nobody had been there."""
import copy
import re
import shutil
import sqlite3
import tempfile
import time
import unittest
import uuid
from pathlib import Path

from grid import Grid, GridTest, until

CELLS = 2 * 2 * 3            # pairs x methods x folds
SLOW = "*=slow:0.02"         # seconds a step, so that most of the run is yet to come when the other program begins
COMPANIONS = ("-journal", "-wal", "-shm", ".working", ".working.tmp", ".snapshot")


class Others(GridTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="mtlgrid-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.calm = Grid(cls.shared, epochs=2, patients=24, methods="baseline, naive")
        assert cls.calm.run(trainers=2) == 0
        cls.expected = cls.calm.results()

    def setUp(self):
        super().setUp()
        self.disturbed = copy.copy(self.calm)
        self.disturbed.folder, self.disturbed.mark = self.folder, uuid.uuid4().hex
        self.disturbed.store = self.folder / "grid.db"
        text = re.sub(r"(?m)^store = .*$", f"store = {self.disturbed.store}", self.calm.config.read_text())
        self.disturbed.config = self.calm.config.parent / f"{self.disturbed.mark}.ini"
        self.disturbed.config.write_text(text)
        self.grids.append(self.disturbed)

    def start_and_wait(self):
        run = self.disturbed.start(trainers=2, arguments=("--inject", SLOW))
        self.disturbed.wait_for_done(1)
        self.assertIsNone(run.process.poll())
        return run

    def connect(self):
        connection = sqlite3.connect(self.disturbed.store, isolation_level=None)
        self.addCleanup(connection.close)
        return connection

    def check(self, run):
        self.assertEqual(run.wait(), 0, run.output())
        self.assertEqual(self.disturbed.done_status(), 0)
        self.check_store()

    def check_store(self):
        for companion in COMPANIONS:
            self.assertFalse(Path(str(self.disturbed.store) + companion).exists(), companion)
        self.assert_complete(self.disturbed, CELLS)
        self.assert_same_results(self.expected, self.disturbed.results())
        doctor = self.disturbed.call("doctor", self.disturbed.store, check=False)
        self.assertEqual(doctor.returncode, 0, doctor.stdout)
        self.assertNotRegex(doctor.stdout, "WRONG|note")
        self.assertEqual(self.disturbed.call("status", self.disturbed.store).stderr, "")

    def test_paused_reader(self):
        run = self.start_and_wait()
        rows = self.connect().execute("SELECT * FROM splits, cells")
        rows.fetchone()
        self.check(run)
        self.assertGreater(sum(1 for _ in rows), CELLS)  # it goes on with what it saw at first
        self.check_store()

    def test_open_write_transaction(self):
        run = self.start_and_wait()
        writer = self.connect()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE cells SET state = 'failed', result_attempt = NULL")
        writer.execute("CREATE VIEW mine AS SELECT * FROM cells")
        self.check(run)
        self.assertEqual(len(re.findall("another program", run.output())), 1, run.output())
        self.assertIn("grid.db.snapshot", run.output())
        try:
            writer.execute("COMMIT")
        except sqlite3.Error:
            pass  # newer versions of SQLite see that the file is another one now
        writer.close()
        self.check_store()

    def test_exclusive_lock_from_before_the_run(self):
        self.assertEqual(self.disturbed.run(trainers=2, arguments=("--only", "fold=0")), 0)
        holder = self.connect()
        holder.execute("BEGIN EXCLUSIVE")
        run = self.disturbed.start(trainers=2)
        self.check(run)

    def test_vacuum_and_wal_again_and_again(self):
        run = self.start_and_wait()
        first = self.connect()
        held = []
        while run.process.poll() is None:
            tool = sqlite3.connect(self.disturbed.store, isolation_level=None, timeout=0.1)
            held.append(tool)
            try:
                tool.execute("PRAGMA journal_mode = WAL")
                tool.execute("VACUUM")
                tool.execute("CREATE VIEW IF NOT EXISTS mine AS SELECT * FROM cells")
                tool.execute("ANALYZE")
                tool.execute("BEGIN")
                tool.execute("SELECT * FROM cells").fetchone()
            except sqlite3.Error:
                pass  # it may be replaced at any moment
            time.sleep(0.2)
        self.assertEqual(run.wait(), 0, run.output())
        for connection in (first, *held):
            connection.close()
        # The last one may have come after the run's last copy: then the next reader says so.
        status = self.disturbed.call("status", self.disturbed.store, check=False)
        if status.stderr:
            self.assertRegex(status.stderr, "another program")
            self.disturbed.call("doctor", self.disturbed.store, "--rebuild")
        self.check_store()

    def test_store_touched_after_the_run(self):
        self.assertEqual(self.disturbed.run(trainers=2), 0)
        store = self.disturbed.store
        self.connect().executescript("CREATE VIEW mine AS SELECT * FROM cells; ANALYZE; PRAGMA journal_mode = WAL;")
        for command in (("status",), ("query", "SELECT count(*) FROM cells"), ("tables", "--out", self.folder / "t")):
            done = self.disturbed.call(command[0], store, *command[1:])
            self.assertIn("another program wrote to it and left view mine", done.stderr)
        self.connect().execute("UPDATE metrics SET value = 0.5 WHERE metric = 'auroc'")
        refused = self.disturbed.call("status", store, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("its table metrics", refused.stderr)
        self.assertIn(f"mtlgrid doctor {store} --rebuild", refused.stderr)
        self.assertEqual(self.disturbed.call("doctor", store, check=False).returncode, 1)
        self.disturbed.call("doctor", store, "--rebuild")
        self.check_store()

    def test_readers_say_for_whom_they_wait(self):
        store = self.disturbed.store
        self.assertEqual(self.disturbed.run(trainers=2), 0)
        Path(f"{store}.sum").unlink()
        with sqlite3.connect(store, isolation_level=None) as db:
            db.execute("BEGIN EXCLUSIVE")
            done = self.disturbed.call("status", store, check=False)
            db.execute("ROLLBACK")
        db.close()
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("another program has it locked; waiting for that program", done.stderr)
        self.assertIn("end its transaction, or that program", done.stderr)
        self.disturbed.call("status", store)

    def test_folder_in_place_of_a_store(self):
        for command in ("status", "query", "tables", "doctor"):
            done = self.disturbed.call(command, self.calm.store.parent, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{self.calm.store.parent} is a folder; it holds the store grid.db", done.stderr)


if __name__ == "__main__":
    unittest.main()
