"""The machine's own limits: CPUs that a batch system allows, sizes of files, places that cannot be written."""
import os
import re
import resource
import shutil
import subprocess
import unittest

from grid import PATIENCE, Grid, GridTest


class Limits(GridTest):
    def small_grid(self):
        return Grid(self.folder, methods="baseline, naive")

    def run_program(self, grid, *arguments, limit=None, kind=resource.RLIMIT_FSIZE, hard=False, **environment):
        """`mtlgrid` with the soft limit `limit` on the size of files, in bytes, or on another `kind`; `hard`: the hard one too."""
        def lower():
            resource.setrlimit(kind, (limit, limit if hard else resource.getrlimit(kind)[1]))
        return subprocess.run([grid.program, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              env=dict(grid.environment(), **environment), preexec_fn=lower if limit else None)

    def assert_machines_fault(self, grid, done, limit):
        """Status 5, once, with the limit's name; no cell has failed or lost a try."""
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(grid.done_status(), 5)
        self.assertIn(limit, done.stderr)
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state = 'failed'"), [(0,)])
        self.assertEqual(grid.rows("SELECT outcome FROM attempts WHERE outcome IN ('failed', 'crashed', 'lost')"), [])
        self.assertNotIn("retrying", done.stderr)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one CPU allows one trainer in any case")
    def test_trainers_are_no_more_than_slurm_allows(self):
        grid = self.small_grid()
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0", SLURM_JOB_ID="5", SLURM_CPUS_PER_TASK="1",
                                SLURM_CPUS_ON_NODE="1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^[-\d]+ [:\d]+ 1 trainer of 1 thread; 1 of this node's \d+ CPUs: SLURM_CPUS_PER_TASK = 1 for 1 task$")
        self.assertTrue(re.search(r"on 1 trainer", done.stderr), done.stderr)

    def test_a_limit_on_file_sizes_stops_a_run_as_a_full_disk_does(self):
        grid = self.small_grid()
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0", limit=60_000)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("ulimit -f", done.stderr)
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_trainer_beyond_the_limit_on_file_sizes_blames_no_cell(self):
        grid = self.small_grid()
        done = self.run_program(grid, "run", grid.config, "--trainers", "2", limit=290 * 1024)
        self.assert_machines_fault(grid, done, "(ulimit -f)")
        self.assertEqual(done.stderr.count("a person must act"), 1, done.stderr)
        self.assertEqual(grid.run(), 0)

    def test_a_limit_on_address_space_blames_no_cell(self):
        grid = self.small_grid()
        for mib in (400, 470, 500):  # the trainer does not start, or a library dies of memory that it was not given
            done = self.run_program(grid, "run", grid.config, "--trainers", "1", limit=mib << 20, kind=resource.RLIMIT_AS)
            if mib > 400 and done.returncode == 0:  # another build of the libraries may have enough
                return
            self.assert_machines_fault(grid, done, "of address space here (ulimit -v)")

    def test_a_limit_on_processor_time_blames_no_cell(self):
        grid = Grid(self.folder, methods="baseline", epochs=100000, patients=60)
        done = self.run_program(grid, "run", grid.config, "--trainers", "1", limit=4, kind=resource.RLIMIT_CPU, hard=True)
        self.assert_machines_fault(grid, done, "of processor time here (ulimit -t)")

    def test_closed_standard_files_change_nothing(self):
        """Nothing that is told gets into a lock, a journal or a database that has taken the number of a closed file."""
        launchers = [""] + (["mpirun --enable-recovery -n 2"] if shutil.which("mpirun") else [])
        for number, launcher in enumerate(launchers):
            for closed in ("2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
                with self.subTest(launcher=launcher, closed=closed):
                    folder = self.folder / f"{number}{closed.count('&')}"
                    folder.mkdir()
                    grid = Grid(folder, methods="baseline, naive")
                    # Of the ranks: mpirun itself turns in a circle where its own are closed (Open MPI 4.1.4).
                    rank = f'exec "$0" run "$1" --empty-cells 0.3 --trainers 1 {closed}'
                    done = subprocess.run([*launcher.split(), "sh", "-c", rank, str(grid.program), str(grid.config)],
                                          env=grid.environment(), timeout=PATIENCE)
                    self.assertEqual((done.returncode, grid.done_status()), (0, 0))
                    self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state <> 'done'"), [(0,)])
                    told = [f for f in grid.folder.glob("cohorts/grid.db*") if f.is_file() and b" cells, " in f.read_bytes()]
                    self.assertEqual(told, [])

    def test_names_that_are_no_file_names_are_refused_at_once(self):
        grid = self.small_grid()
        text = grid.config.read_text()
        for size in (256, 250):
            name = "M" * size
            grid.config.write_text(text.replace("[biomarker.MSI]", f"[biomarker.{name}]"))
            for command in (["plan"], ["run"], ["cell"]):
                done = self.run_program(grid, *command, grid.config, *([f"{name}/ITH/naive/0"] if command == ["cell"] else []))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, rf"{size} bytes|{size + 3} bytes")
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertFalse(grid.store.exists())

    def test_a_store_that_cannot_be_made_is_said_before_the_data_are_read(self):
        grid = self.small_grid()
        text = grid.config.read_text()
        (grid.folder / "cohorts/file").write_text("x")
        grid.config.write_text(re.sub(r"(?m)^store = .*$", "store = file/results/grid.db", re.sub(r"(?m)^clini = .*$", "clini = none.csv", text)))
        for command in ("plan", "run"):
            done = self.run_program(grid, command, grid.config)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"file is a file, expected a folder; name another place\n$")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
