"""What docs/security.md promises of runs: permissions of every file, listening sockets, and names that mean to do harm."""
import csv
import os
import re
import stat
import unittest
from pathlib import Path

from grid import GridTest, require_mpirun, until

LISTENING = "0A"  # state of a TCP socket in /proc/net/tcp
HOSTILE = "'); DROP TABLE cells;-- $(touch owned) `touch owned` <script> %s{} &"


def listening_inodes():
    """Inodes of the listening TCP sockets of this network."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            found |= {row[9] for row in rows if row[3] == LISTENING}
    return found


def listeners(pids):
    """Those of `pids` that hold a listening socket."""
    inodes, found = listening_inodes(), []
    for pid in pids:
        try:
            links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue  # ended meanwhile
        held = {match.group(1) for match in map(re.compile(r"socket:\[(\d+)\]").fullmatch, links) if match}
        if held & inodes:
            found.append(pid)
    return found


def wider_than(folder, mask):
    """Files and folders below `folder` with permissions that `mask` takes away."""
    return [str(path) for path in Path(folder).rglob("*")
            if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & mask]


class Security(GridTest):
    def long_grid(self):
        return self.grid(methods="naive, cagrad", epochs=60)

    def running(self, grid, ranks, trainers):
        run = grid.start(ranks, trainers)
        until(lambda: len(grid.named("mtlgrid-trainer")) >= trainers, "trainers")
        grid.wait_for_done(1)
        return run

    def test_nothing_listens(self):
        grid = self.long_grid()
        run = self.running(grid, 0, 2)
        pids = grid.named("mtlgrid") + grid.named("mtlgrid-trainer")
        self.assertGreaterEqual(len(pids), 3)
        self.assertEqual(listeners(pids), [])
        self.assertIsNone(run.process.poll(), "looked at while it ran")

    def test_only_mpi_listens(self):
        require_mpirun()
        grid = self.long_grid()
        run = self.running(grid, 2, 1)
        trainers, ranks = grid.named("mtlgrid-trainer"), grid.named("mtlgrid")
        self.assertGreaterEqual(len(trainers), 2)
        self.assertEqual(listeners(trainers), [])
        # The look itself works: Open MPI's ranks do listen.
        self.assertEqual(listeners(ranks), ranks)
        self.assertIsNone(run.process.poll(), "looked at while it ran")

    def test_files_of_a_run_follow_the_umask(self):
        before = os.umask(0o077)
        try:
            grid = self.grid(methods="naive, cagrad", epochs=20)
            live = Path(str(grid.store) + ".progress")
            run = grid.start(0, 2)
            until(live.exists, "the live file")
            grid.wait_for_done(1)
            self.assertEqual(wider_than(grid.folder, 0o077), [], "while it runs")
            self.assertEqual(run.wait(), 0)
            grid.call("tables", grid.store, "--out", grid.folder / "tables")
            self.assertEqual(wider_than(grid.folder, 0o077), [])
            self.assertGreater(len(list(Path(str(grid.store) + ".d").rglob("log"))), 1)
        finally:
            os.umask(before)

    def test_hostile_names_do_nothing_anywhere(self):
        """A biomarker and patients that would harm a shell, SQL, a terminal or a table."""
        grid = self.grid(methods="baseline, naive")
        self.spoil(grid)
        self.assertEqual(grid.run(trainers=2), 0)
        self.assertEqual(list(self.folder.rglob("owned")), [])
        self.assertFalse(Path("owned").exists())
        self.assertEqual(sorted(grid.rows("SELECT biomarker, state, count(*) FROM cells GROUP BY 1, 2")),
                         sorted([(HOSTILE, "done", 6), ("MSI", "done", 6)]))
        grid.call("tables", grid.store, "--out", grid.folder / "tables")
        outputs = [grid.call("status", grid.store).stdout, grid.call("plan", grid.config).stdout,
                   grid.call("status", grid.store, "--why", f"{HOSTILE}/ITH/naive/0").stdout,
                   grid.call("query", grid.store, "SELECT DISTINCT patient FROM predictions").stdout]
        for text in outputs:
            self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f]")
        self.assertIn("\\x1b[31m", outputs[3])
        for page in (grid.folder / "tables").glob("*.md"):
            self.assertNotRegex(page.read_text(), r"(?<!\\)<script")
        done = grid.call("cell", grid.config, f"{HOSTILE}/ITH/naive/0", "--verify")
        self.assertIn("bit-equal", done.stdout)

    def spoil(self, grid):
        """Gives hostile names to the biomarker HRD and to every patient of the grid."""
        text = grid.config.read_text()
        self.assertIn("[biomarker.HRD]", text)
        grid.config.write_text(text.replace("[biomarker.HRD]", f"[biomarker.{HOSTILE}]"))
        for table in grid.config.parent.glob("*/*.csv"):
            with open(table, newline="") as stream:
                rows = list(csv.reader(stream))
            column = rows[0].index("PATIENT")
            for row in rows[1:]:
                row[column] += "\x1b[31m|"
            with open(table, "w", newline="") as stream:
                csv.writer(stream).writerows(rows)


if __name__ == "__main__":
    unittest.main()
