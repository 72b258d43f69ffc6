"""`run --rehearse`: what it finds on a cluster that works."""
import json
import unittest

from grid import GridTest, require_mpirun


class Rehearse(GridTest):
    def assert_verdicts(self, output, expected):
        for check, verdict in expected.items():
            self.assertRegex(output, rf"(?m)^{verdict} +{check}")

    def assert_left_its_status_alone(self, grid):
        verdict = grid.store.with_name("grid.db.rehearsal.done")
        self.assertEqual(list(grid.store.parent.glob("grid.db*")), [verdict])
        self.assertEqual(json.loads(verdict.read_text())["status"], 0)
        grid.wait_for_no_process()

    def test_three_ranks_lose_a_trainer_and_a_rank_and_stop(self):
        require_mpirun()
        grid = self.grid()
        run = grid.start(ranks=3, trainers=1, arguments=("--rehearse", "1"))
        run.wait()
        output = run.output()
        self.assert_verdicts(output, {"rank 0": "ok", "rank 2": "ok", "clock, rank": "ok", "store's files, rank": "ok",
                                      "a trainer killed": "ok", "a rank killed": "ok", "stop by SIGUSR1": "ok",
                                      "store after the stop": "ok"})
        self.assertIn("No problem was found.", output)
        self.assert_left_its_status_alone(grid)

    def test_alone_it_loses_a_trainer_and_stops(self):
        grid = self.grid()
        run = grid.start(trainers=2, arguments=("--rehearse", "1"))
        self.assertEqual(run.wait(), 0, run.output())
        self.assert_verdicts(run.output(), {"a trainer killed": "ok", "stop by SIGUSR1": "ok",
                                            "store after the stop": "ok"})
        self.assert_left_its_status_alone(grid)

    def test_other_orders_are_refused_beside_it(self):
        grid = self.grid()
        done = grid.call("run", grid.config, "--rehearse", "1", "--empty-cells", "1", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--rehearse", done.stderr)


if __name__ == "__main__":
    unittest.main()
