"""What the end-to-end tests share: a small synthetic grid, ways to run it, and its results as plain data.

Everything runs the built binaries as a user would. Each grid has a mark in its environment, by which every process
that belongs to it is found again.
"""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
import uuid
from pathlib import Path

BUILD = Path(os.environ.get("MTLGRID_BUILD", Path(__file__).resolve().parents[2] / "build"))
MTLGRID = BUILD / "mtlgrid"
METHODS = "baseline, naive, uncert+graddrop, dwa+pcgrad, cagrad, autol+cagrad"
CELLS = 2 * 6 * 3  # pairs x methods x folds of the small grid
PATIENCE = 240  # seconds after which something that must happen is taken for never happening


class Run:
    """A process started for a grid, with its output in a file."""

    def __init__(self, process, log):
        self.process, self.log = process, log

    def wait(self):
        self.process.wait(timeout=PATIENCE)
        return self.process.returncode

    def output(self):
        return Path(self.log).read_text()


class Grid:
    def __init__(self, folder, epochs=3, patients=40, methods=METHODS, auxiliaries="ITH",
                 cluster="heartbeat_seconds = 0.5\nlease_minutes = 0.05"):
        self.folder = Path(folder)
        self.program = MTLGRID
        self.mark = uuid.uuid4().hex
        self.runs = 0
        self.call("synth", str(self.folder / "cohorts"), "--patients", str(patients), "--seed", "7")
        text = (self.folder / "cohorts/grid.ini").read_text()
        for key, value in (("methods", methods), ("folds", "3"), ("epochs", f"{epochs}\nbag_cache_folder = ."),
                           ("store", "grid.db")):
            text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
            assert found == 1, key
        text = re.sub(r"(?m)^auxiliaries = .*$", f"auxiliaries = {auxiliaries}", text)
        text = re.sub(r"(?ms)^\[cluster\][^\[]*", "", text) + f"\n[cluster]\n{cluster}\n"
        self.config = self.folder / "cohorts/small.ini"
        self.config.write_text(text)
        self.store = self.folder / "cohorts/grid.db"

    def environment(self):
        return dict(os.environ, MTLGRID_TEST_MARK=self.mark, OMPI_ALLOW_RUN_AS_ROOT="1",
                    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1",
                    OMPI_MCA_hwloc_base_binding_policy="none")

    def call(self, *arguments, check=True):
        """Runs mtlgrid to its end; returns the finished process with its output."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              env=self.environment())
        if check and done.returncode != 0:
            raise AssertionError(f"mtlgrid {arguments} gave {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def start(self, ranks=0, trainers=1, arguments=()):
        """Starts `mtlgrid run`: under mpirun with `ranks`, or alone with `trainers` trainers."""
        return self.launch([str(self.program), "run", str(self.config), "--trainers", str(trainers), *arguments], ranks)

    def launch(self, command, ranks):
        """Starts a command of mtlgrid, under mpirun with `ranks`."""
        if ranks:
            command = ["mpirun", "--enable-recovery", "-n", str(ranks), *command]
        self.runs += 1
        log = self.folder / f"run-{self.runs}.log"
        with open(log, "w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                       env=self.environment(), start_new_session=True)
        return Run(process, log)

    def run(self, ranks=0, trainers=1, arguments=()):
        """Runs to the end; returns the status that the coordinator left in STORE.done."""
        run = self.start(ranks, trainers, arguments)
        run.wait()
        return self.done_status()

    def done_status(self):
        file = Path(str(self.store) + ".done")
        return json.loads(file.read_text())["status"] if file.exists() else None

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql).fetchall()

    def count_done(self):
        try:
            return self.rows("SELECT count(*) FROM cells WHERE state = 'done'")[0][0]
        except sqlite3.Error:
            return 0

    def wait_for_done(self, number):
        until(lambda: self.count_done() >= number, f"{number} cells done")

    def results(self, identity=None):
        """Everything a cell's result consists of, by cell: bit for bit, without times and places. `identity`: of one
        grid of the store; otherwise of all."""
        one = f"AND grid_id = (SELECT grid_id FROM grids WHERE identity = '{identity}') " if identity else ""
        join = ("FROM {0} JOIN cells USING (cell_id) WHERE {0}.attempt = cells.result_attempt " + one +
                "ORDER BY biomarker, auxiliary, method, fold, {1}")
        key = "biomarker, auxiliary, method, fold, "
        tables = {
            "metrics": (key + "cohort, metric, value, ci_low, ci_high, n, reason", "cohort, metric"),
            "predictions": (key + "cohort, patient, label, score, target, prediction", "cohort, patient"),
            "epochs": (key + "epoch, train_classification, train_regression, valid_classification, valid_regression, "
                       "weight_classification, weight_regression", "epoch"),
        }
        out = {name: self.rows(f"SELECT {columns} " + join.format(name, order))
               for name, (columns, order) in tables.items()}
        out["embeddings"] = self.rows("SELECT " + key + "cohort, patient, hex(vector) " +
                                      join.format("embeddings", "cohort, patient"))
        return out

    def processes(self):
        """{pid: command line} of every living process of this grid."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if f"MTLGRID_TEST_MARK={self.mark}".encode() not in (folder / "environ").read_bytes():
                    continue
                if (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
                found[int(folder.name)] = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
        return found

    def named(self, name):
        """Pids of the grid's processes whose program is `name`, ascending."""
        return sorted(pid for pid, words in self.processes().items() if Path(words[0].decode()).name == name)

    def rank_pid(self, rank):
        for pid in self.named("mtlgrid"):
            if f"OMPI_COMM_WORLD_RANK={rank}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes() + b"\0":
                return pid
        raise AssertionError(f"no process of rank {rank}")

    def wait_for_no_process(self):
        until(lambda: not self.processes(), f"the end of all processes of the grid, left: {self.processes()}")

    def end(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def until(condition, what):
    """Polls until `condition` holds; fails if it has not within PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.05)


class GridTest(unittest.TestCase):
    """A test with a scratch folder, and no process left when it ends."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mtlgrid-"))
        self.grids = []
        self.addCleanup(self.tidy)

    def tidy(self):
        for grid in self.grids:
            grid.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def grid(self, name="grid", **settings):
        folder = self.folder / name
        folder.mkdir()
        grid = Grid(folder, **settings)
        self.grids.append(grid)
        return grid

    def assert_same_results(self, a, b):
        for table in a:
            self.assertEqual(len(a[table]), len(b[table]), f"rows of {table}")
            for x, y in zip(a[table], b[table]):
                self.assertEqual(x, y, table)

    def assert_complete(self, grid, cells=CELLS):
        """Every cell is done, once, and its rows are those of one attempt."""
        self.assertEqual(grid.rows("SELECT state, count(*) FROM cells GROUP BY state"), [("done", cells)])
        self.assertEqual(grid.rows("SELECT count(DISTINCT cell_id) FROM cells"), [(cells,)])
        self.assertEqual(grid.rows("SELECT count(*) FROM cells JOIN attempts USING (cell_id) "
                                   "WHERE attempts.attempt = result_attempt AND outcome = 'done'"), [(cells,)])
        self.assertEqual(grid.rows("SELECT cell_id, attempt, cohort, metric, count(*) FROM metrics "
                                   "GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"), [])
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome = 'running'"), [(0,)])


def require_mpirun():
    if shutil.which("mpirun") is None:
        raise unittest.SkipTest("mpirun is not installed")
