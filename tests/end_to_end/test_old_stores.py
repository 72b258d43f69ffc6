"""Stores that earlier versions wrote (old_stores/make.py): taken up, their results and tables unchanged, continued."""
import csv
import shutil
import tempfile
import unittest
import uuid
from pathlib import Path

from grid import MTLGRID, Grid
from old_stores.make import COHORTS, HALF, HERE, PARTS, TABLES

DONE, CELLS = 6, 12  # cells of an old store that are done, of all of old_stores/grid.ini


def read_table(file):
    with open(file, newline="") as text:
        return list(csv.reader(text))


class OldGrid(Grid):
    """The grid of old_stores/grid.ini beside the store that the version of that schema left."""

    def __init__(self, folder, schema):
        self.folder, self.program, self.mark, self.runs = Path(folder), MTLGRID, uuid.uuid4().hex, 0
        cohorts = self.folder / "cohorts"
        self.call(COHORTS[0], cohorts, *COHORTS[1:])
        self.config, self.store = cohorts / "old.ini", cohorts / "grid.db"
        shutil.copy(HERE / "grid.ini", self.config)
        self.kept = HERE / f"schema{schema}"
        for part in PARTS:
            if (self.kept / part).exists():
                shutil.copy(self.kept / part, cohorts)

    def table(self, name):
        self.call("tables", self.store, "--out", self.folder / "tables")
        return read_table(self.folder / "tables" / name)

    def require_same_table(self, test, name):
        """What the old table says, the new one says too; it may have columns and rows that came later."""
        (header, *rows), (new_header, *new_rows) = read_table(self.kept / name), self.table(name)
        test.assertEqual(new_header[:len(header)], header)
        new_rows = [row[:len(header)] for row in new_rows]
        test.assertGreater(len(rows), 0)
        test.assertEqual(rows, [row for row in new_rows if row in rows])


class OldStores(unittest.TestCase):
    def check(self, schema):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        grid = OldGrid(temporary.name, schema)
        self.assertEqual(grid.rows("SELECT value FROM meta WHERE key = 'schema_version'"), [(schema,)])
        self.assertEqual(grid.count_done(), DONE)
        before = grid.results()

        # Nothing is left of this half: the store is taken up, and that is all.
        self.assertEqual(grid.run(arguments=["--only", HALF]), 0)
        self.assertEqual(grid.results(), before)
        for name in TABLES:
            grid.require_same_table(self, name)

        self.assertEqual(grid.run(trainers=2), 0)
        self.assertEqual(grid.rows("SELECT count(*) FROM grids"), [(1,)])
        self.assertEqual(grid.count_done(), CELLS)
        after = grid.results()
        for kind, rows in before.items():
            self.assertLessEqual(set(rows), set(after[kind]), kind)

    def test_schema_1(self):
        self.check(1)

    def test_schema_2(self):
        self.check(2)

    def test_schema_3(self):
        self.check(3)

    def test_schema_4(self):
        self.check(4)


if __name__ == "__main__":
    unittest.main()
