"""kill -9 of any one process, or of all, in the middle of a run; and requests to stop.

Afterwards: no process is left, running again completes the grid, every cell is there once, and the results are
bit-equal to an undisturbed run's.
"""
import os
import signal
import tempfile
import unittest
from pathlib import Path

from grid import Grid, GridTest, require_mpirun, until

SOME = 6  # cells done before the fault: the run is in its middle
SLOW = ["--inject", "*=slow:0.01"]  # a cell takes a second at least, so every trainer has one when the fault comes


def has_open(pid, file):
    """Whether the process has the file open."""
    try:
        return any(os.path.samefile(link, file) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists())
    except OSError:
        return False


class Kills(GridTest):
    @classmethod
    def setUpClass(cls):
        require_mpirun()
        with tempfile.TemporaryDirectory(prefix="mtlgrid-") as folder:
            calm = Grid(folder)
            assert calm.run(trainers=2) == 0
            cls.expected = calm.results()

    def setUp(self):
        super().setUp()
        self.disturbed = self.grid("disturbed")

    def start_and_wait(self, **how):
        run = self.disturbed.start(arguments=SLOW, **how)
        self.disturbed.wait_for_done(SOME)
        return run

    def finish_and_check(self):
        """All processes end by themselves; running again completes the grid as if nothing had happened."""
        self.disturbed.wait_for_no_process()
        self.assertEqual(self.disturbed.run(ranks=2), 0)
        self.disturbed.wait_for_no_process()
        self.assert_complete(self.disturbed)
        self.assert_same_results(self.expected, self.disturbed.results())

    def test_killed_trainer_costs_one_attempt(self):
        run = self.start_and_wait(ranks=2)
        os.kill(self.disturbed.named("mtlgrid-trainer")[0], signal.SIGKILL)
        run.wait()
        self.assertEqual(self.disturbed.done_status(), 0, run.output())
        self.assertEqual(self.disturbed.rows("SELECT count(*) FROM attempts WHERE outcome = 'crashed'"), [(1,)])
        self.finish_and_check()

    def test_killed_rank_loses_its_cells_to_the_others(self):
        run = self.start_and_wait(ranks=3)
        until(lambda: self.disturbed.rows("SELECT count(*) FROM attempts WHERE rank = 2 AND outcome = 'done'") > [(0,)],
              "rank 2 to have cells")
        os.kill(self.disturbed.rank_pid(2), signal.SIGKILL)
        run.wait()
        self.assertEqual(self.disturbed.done_status(), 0, run.output())
        self.assertEqual(self.disturbed.rows("SELECT count(*) FROM attempts WHERE outcome = 'lost'"), [(1,)])
        self.finish_and_check()

    def test_stop_while_the_data_is_read_ends_all_ranks(self):
        """Rank 0 may die of the signal then: nothing is lost, and nobody may wait for it."""
        weights = self.disturbed.folder / "weights.pt"
        weights.touch()
        os.truncate(weights, 1 << 32)  # bytes of nothing, as many as are read: it takes seconds
        run = self.disturbed.start(ranks=3, arguments=["--init", str(weights)])
        until(lambda: any(has_open(pid, weights) for pid in self.disturbed.named("mtlgrid")), "rank 0 to read the weights")
        run.process.send_signal(signal.SIGUSR1)
        run.wait()
        self.finish_and_check()

    def test_killed_coordinator_lets_its_workers_leave(self):
        run = self.start_and_wait(ranks=3)
        os.kill(self.disturbed.rank_pid(0), signal.SIGKILL)
        run.wait()
        self.assertIsNone(self.disturbed.done_status())
        self.finish_and_check()

    def test_killed_local_run_leaves_no_trainer(self):
        run = self.start_and_wait(trainers=2)
        os.kill(run.process.pid, signal.SIGKILL)
        run.wait()
        self.finish_and_check()

    def test_killed_mpirun_ends_its_ranks(self):
        run = self.start_and_wait(ranks=2)
        os.kill(run.process.pid, signal.SIGKILL)
        run.wait()
        self.finish_and_check()

    def test_whole_job_killed_at_once(self):
        run = self.start_and_wait(ranks=3)
        for pid in self.disturbed.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        run.wait()
        self.finish_and_check()

    def test_killed_again_and_again(self):
        for done in (2, 8, 16, 24):
            run = self.disturbed.start(ranks=2)
            until(lambda: self.disturbed.count_done() >= done or run.process.poll() is not None, "progress")
            self.disturbed.end()
            run.wait()
            self.disturbed.wait_for_no_process()
        self.finish_and_check()

    def test_walltime_signal_checkpoints_and_asks_to_be_run_again(self):
        run = self.start_and_wait(ranks=3)
        run.process.send_signal(signal.SIGUSR1)
        run.wait()
        self.assertEqual(self.disturbed.done_status(), 3, run.output())
        self.assertEqual(self.disturbed.rows("SELECT count(*) FROM cells WHERE state IN ('running', 'failed')"), [(0,)])
        self.assertGreater(self.disturbed.rows("SELECT count(*) FROM attempts WHERE outcome = 'stopped'")[0][0], 0)
        self.finish_and_check()

    def test_terminated_local_run_exits_3(self):
        run = self.start_and_wait(trainers=2)
        run.process.terminate()
        self.assertEqual(run.wait(), 3, run.output())
        self.finish_and_check()


if __name__ == "__main__":
    unittest.main()
