#!/usr/bin/env python3
"""The batch scripts, run from end to end under a fake Slurm and a fake mpirun (fake_cluster.py)."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SLURM = HERE.parent.parent / "slurm"


class Job(unittest.TestCase):
    """A cluster with a configuration and a store; verbs to submit a job and to look at what it did."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mtlgrid slurm ")  # with a blank: scripts must quote
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(self.end_other_runs)  # before the folder that they write to is removed
        root = pathlib.Path(self.folder.name)
        self.state, self.bin, self.site = root / "state", root / "bin", root / "site"
        for folder in (self.state, self.bin, self.site):
            folder.mkdir()
        for name in ("sbatch", "scontrol", "squeue", "srun", "mpirun", "mtlgrid"):
            (self.bin / name).symlink_to(HERE / "fake_cluster.py")
        self.config, self.store = self.site / "grid.ini", self.site / "results" / "grid.db"
        self.store.parent.mkdir()
        self.config.write_text("[grid]\nstore = results/grid.db ; here\n")

    def end_other_runs(self):
        if not (self.state / "calls.jsonl").exists():
            return
        for run in self.calls("other run"):
            command = pathlib.Path(f"/proc/{run['pid']}/cmdline")
            try:
                while str(self.store).encode() in command.read_bytes():  # empty once it has ended
                    os.kill(run["pid"], signal.SIGKILL)
                    time.sleep(0.01)
            except (FileNotFoundError, ProcessLookupError):
                continue

    def beside_store(self, suffix):
        return pathlib.Path(str(self.store) + suffix)

    def submit(self, launches=(), script="full_benchmark.sh", arguments=None, environment=None, directly=False,
               **statuses):
        scenario = {"store": str(self.store), "launches": list(launches), **statuses}
        (self.state / "scenario.json").write_text(json.dumps(scenario))
        (self.state / "calls.jsonl").touch()
        settings = {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.site), "FAKE_STATE": str(self.state),
                    "MTLGRID_BINARY": str(self.bin / "mtlgrid"), "MTLGRID_POLL_SECONDS": "0.02",
                    "MTLGRID_GRACE_SECONDS": "1", "MTLGRID_KILL_SECONDS": "1", "MTLGRID_LOCK_SECONDS": "2"}
        arguments = [str(self.config)] if arguments is None else arguments
        command = [*(["sbatch"] if directly else []), str(SLURM / script), *arguments]
        self.submission = subprocess.run(command, env={**settings, **(environment or {})},
                                         cwd=self.site, capture_output=True, text=True, timeout=120)
        self.assertFalse(self.calls("timeout"), "a wait in the fake cluster ran out")
        return self

    def calls(self, command):
        lines = (json.loads(line) for line in (self.state / "calls.jsonl").read_text().splitlines())
        return [call for call in lines if call["command"] == command]

    def program_calls(self, command):
        return [call["arguments"] for call in self.calls("mtlgrid") if call["arguments"][0] == command]

    @property
    def log(self):
        return (self.state / "log").read_text()

    def assert_ended(self, status, launches, requeues=0):
        self.assertEqual(self.calls("ended")[-1]["status"], status, self.log)
        self.assertEqual(len(self.program_calls("run")), launches, self.log)
        self.assertEqual(len(self.calls("scontrol")), requeues, self.log)
        for call in self.calls("mpirun"):  # nothing is left behind
            self.assertRaises(ProcessLookupError, os.kill, call["pid"], 0)

    def assert_tables(self, made):
        expected = [["tables", str(self.store), "--out", str(self.store.parent / "tables")]] if made else []
        self.assertEqual(self.program_calls("tables"), expected)


class FullBenchmark(Job):
    def test_finished_grid_ends_with_its_tables(self):
        self.submit([{"status": 0, "done": 595}]).assert_ended(0, launches=1)
        self.assert_tables(made=True)
        self.assertEqual(self.program_calls("run"), [["run", str(self.config)]])
        self.assertFalse(self.beside_store(".requeues").exists())

    def test_tables_are_of_the_grid_that_ran(self):
        self.submit([{"status": 0, "done": 6, "grid": 2}]).assert_ended(0, launches=1)
        folder = str(self.store.parent / "tables")
        self.assertEqual(self.program_calls("tables"), [["tables", str(self.store), "--grid", "2", "--out", folder]])

    def test_tables_of_another_grid_are_left_alone(self):
        self.submit([{"status": 0, "done": 6, "grid": 2}], tables=2).assert_ended(4, launches=1)
        folder = str(self.store.parent / "tables")
        self.assertEqual([call[-1] for call in self.program_calls("tables")], [folder, folder + "-grid2"])

    def test_failed_cells_end_with_one_and_the_tables(self):
        self.submit([{"status": 1, "done": 590}]).assert_ended(1, launches=1)
        self.assert_tables(made=True)
        self.assertIn("some cells failed", self.log)

    def test_walltime_checkpoints_requeues_and_finishes(self):
        self.submit([{"await": "USR1", "signal": "USR1", "status": 3, "done": 100},
                     {"await": "USR1", "signal": "USR1", "status": 3, "done": 200},
                     {"status": 0, "done": 595}]).assert_ended(0, launches=3, requeues=2)
        self.assertEqual(len(self.calls("signal")), 2)
        self.assert_tables(made=True)

    def test_preemption_reaches_the_ranks_as_usr1(self):
        self.submit([{"await": "USR1", "signal": "TERM", "status": 3, "done": 1},
                     {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)

    def test_cancelled_job_does_not_come_back(self):
        self.submit([{"await": "USR1", "signal": "TERM", "status": 3, "done": 1}], squeue="COMPLETING None")
        self.assert_ended(3, launches=1)
        self.assertIn("cancelled, so it is not requeued", self.log)

    def test_job_over_its_walltime_is_requeued(self):
        self.submit([{"await": "USR1", "signal": "TERM", "status": 3, "done": 1}, {"status": 0, "done": 2}],
                    squeue="COMPLETING TimeLimit").assert_ended(0, launches=2, requeues=1)

    def test_store_of_another_run_is_left_alone(self):
        self.submit([{"held": True}]).assert_ended(5, launches=1)
        self.assertIn("another run holds the store", self.log)

    def test_requeued_job_waits_for_its_earlier_launch(self):
        """Slurm took the node for lost; what it ran there lives on. No such wait counts as a requeue without progress."""
        self.submit([{"status": 3, "done": 1}, {"held": True}, {"held": True}, {"status": 0, "done": 2}],
                    environment={"MTLGRID_REQUEUES": "1"}).assert_ended(0, launches=4, requeues=3)

    def test_lock_that_nobody_renews_does_not_count(self):
        self.beside_store(".lock").write_text('{"epoch":1,"beat":7,"host":"elsewhere","pid":1}')
        self.submit([{"crash": True}, {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)

    def test_gives_up_after_requeues_without_progress(self):
        stopped = {"status": 3, "done": 7}
        self.submit([stopped] * 5, environment={"MTLGRID_REQUEUES": "2"}).assert_ended(3, launches=4, requeues=3)
        self.assertIn("2 requeues finished no further cell (7 done)", self.log)
        self.assertFalse(self.beside_store(".requeues").exists())
        self.assert_tables(made=False)

    def test_progress_resets_the_count(self):
        launches = [{"status": 3, "done": n // 2} for n in range(2, 12)] + [{"status": 0, "done": 6}]
        self.submit(launches, environment={"MTLGRID_REQUEUES": "1"}).assert_ended(0, launches=11, requeues=10)

    def test_another_jobs_requeues_do_not_count(self):
        self.beside_store(".requeues").write_text("77 7 9\n")
        self.submit([{"status": 3, "done": 7}, {"status": 0, "done": 8}]).assert_ended(0, launches=2, requeues=1)

    def test_damaged_count_is_a_fresh_one(self):
        self.beside_store(".requeues").write_text("4242 x[$(touch evil)] 9 9\n")
        self.submit([{"status": 3, "done": 7}, {"status": 0, "done": 8}]).assert_ended(0, launches=2, requeues=1)

    def test_killed_coordinator_is_tried_again(self):
        self.submit([{"crash": True}, {"status": 0, "done": 595}]).assert_ended(0, launches=2, requeues=1)
        self.assertIn("coordinator killed?", self.log)

    def test_coordinator_killed_every_time_gives_up(self):
        self.submit([{"crash": True}] * 3, environment={"MTLGRID_REQUEUES": "2"})
        self.assert_ended(4, launches=3, requeues=2)
        self.assert_tables(made=False)

    def test_bad_input_is_not_tried_again(self):
        self.submit([{"crash": True}], plan=2).assert_ended(2, launches=1)
        self.assertIn("fix the problems listed above", self.log)

    def test_store_that_cannot_be_written_is_not_tried_again(self):
        """The run could not write STORE.done either."""
        self.submit([{"crash": True}], plan=5).assert_ended(5, launches=1)
        self.assertIn("a person must act first", self.log)

    def test_mpirun_that_never_returns_is_ended(self):
        for how in ("TERM", "KILL"):
            with self.subTest(how):
                (self.state / "calls.jsonl").unlink(missing_ok=True)
                self.submit([{"status": 0, "done": 595, "hang": how}]).assert_ended(0, launches=1)
                self.assertIn("but mpirun hangs", self.log)
                self.assert_tables(made=True)

    def test_hanging_mpirun_without_a_status_is_ended_after_the_signal(self):
        self.submit([{"await": "USR1", "signal": "USR1", "crash": True, "hang": "TERM"}, {"status": 0, "done": 1}],
                    environment={"MTLGRID_SIGNAL_SECONDS": "1"}).assert_ended(0, launches=2, requeues=1)
        self.assertIn("the walltime is nearly over", self.log)

    def test_status_of_an_earlier_launch_is_not_taken_for_this_ones(self):
        self.beside_store(".done").write_text('{"status": 0, "done": 595}')
        self.submit([{"crash": True}, {"status": 1, "done": 3}]).assert_ended(1, launches=2, requeues=1)
        for call in self.calls("mtlgrid"):
            self.assertTrue(call["arguments"][0] == "tables" or not call["stale_done"])

    def test_statuses_that_need_a_person_are_not_requeued(self):
        for status, word in ((2, "bad configuration"), (4, "internal error"), (5, "a person must act first")):
            with self.subTest(status):
                (self.state / "calls.jsonl").unlink(missing_ok=True)
                self.submit([{"status": status}]).assert_ended(status, launches=1)
                self.assertIn(word, self.log)
                self.assert_tables(made=False)

    def test_unreadable_status_is_none(self):
        self.submit([{"status": "broken"}, {"status": 0, "done": 1}]).assert_ended(0, launches=2, requeues=1)

    def test_refused_requeue_is_said(self):
        self.submit([{"status": 3, "done": 1}], scontrol=1).assert_ended(3, launches=1, requeues=1)
        self.assertIn("submit the job again", self.log)

    def test_tables_that_fail_are_an_error(self):
        self.submit([{"status": 0, "done": 1}], tables=4).assert_ended(4, launches=1)

    def test_asks_slurm_for_what_the_failure_handling_needs(self):
        self.submit([{"status": 0}], environment={"MTLGRID_PARTITION": "long", "MTLGRID_ACCOUNT": "lab", "MTLGRID_NODES": "4",
                                                  "MTLGRID_SIGNAL_SECONDS": "200", "MTLGRID_GPUS_PER_NODE": "4"})
        options = self.calls("sbatch")[0]["options"]
        self.assertEqual(options["signal"], "B:USR1@200")
        self.assertTrue(options["requeue"] and options["no_kill"])
        self.assertEqual(options["open_mode"], "append")
        self.assertEqual((options["partition"], options["account"], options["nodes"], options["gres"]),
                         ("long", "lab", "4", "gpu:4"))
        self.assertIn("Submitted batch job", self.submission.stdout)

    def test_script_alone_holds_what_the_failure_handling_needs(self):
        """sbatch slurm/full_benchmark.sh, without its own submission."""
        lines = (SLURM / "full_benchmark.sh").read_text()
        for option in ("--signal=B:USR1@300", "--requeue", "--open-mode=append", "--no-kill"):
            self.assertIn(f"#SBATCH {option}\n", lines)

    def test_submitted_by_hand_finds_its_files(self):
        (self.site / "slurm").symlink_to(SLURM)
        self.submit([{"status": 0}], directly=True).assert_ended(0, launches=1)
        self.assertEqual(self.calls("sbatch")[0]["options"]["signal"], "B:USR1@300")

    def test_mpirun_survives_lost_ranks_and_leaves_cores_to_us(self):
        self.submit([{"status": 0}], environment={"MTLGRID_MPIRUN_ARGS": "--oversubscribe --allow-run-as-root"})
        self.assertEqual(self.calls("mpirun")[0]["options"],
                         ["--enable-recovery", "--bind-to", "none", "--oversubscribe", "--allow-run-as-root"])

    def test_options_of_the_run_are_passed_on(self):
        self.submit([{"status": 0}], environment={"MTLGRID_RUN_ARGS": "--retry-failed --trainers 2"})
        self.assertEqual(self.program_calls("run"), [["run", str(self.config), "--retry-failed", "--trainers", "2"]])

    def test_end_of_the_job_is_passed_on(self):
        self.submit([{"status": 0}], end="2030-01-02T03:04:05", environment={"TZ": "UTC"})
        self.assertEqual(self.program_calls("run"), [["run", str(self.config), "--ends", "1893553445"]])
        (self.state / "calls.jsonl").unlink()
        self.submit([{"status": 0}], environment={"SLURM_JOB_END_TIME": "1893553446"})
        self.assertEqual(self.program_calls("run"), [["run", str(self.config), "--ends", "1893553446"]])

    def test_rehearsal_touches_nothing_of_the_grid_and_is_not_requeued(self):
        self.beside_store(".done").write_text('{"status": 3, "done": 7}')
        for launch, status, word in (({"status": 0}, 0, "found no problems"), ({"status": 1}, 1, "found problems"),
                                     ({"crash": True}, 4, "without a report"),
                                     ({"status": 0, "hang": "KILL"}, 0, "found no problems")):
            with self.subTest(launch):
                (self.state / "calls.jsonl").unlink(missing_ok=True)
                self.beside_store(".rehearsal.done").write_text('{"status": 0}')  # an earlier one's
                self.submit([launch], end="2030-01-02T03:04:05",
                            environment={"MTLGRID_REHEARSE": "3", "SLURM_JOB_NUM_NODES": "3", "SLURMD_NODENAME": "a1"})
                self.assert_ended(status, launches=1)
                self.assertEqual(self.program_calls("run"), [["run", str(self.config), "--rehearse", "3"]])
                self.assertIn(word, self.log)
                self.assert_tables(made=False)
                self.assertEqual(json.loads(self.beside_store(".done").read_text())["done"], 7)
                self.assertTrue(self.calls("sbatch")[0]["options"]["no_requeue"])
                self.assertEqual(self.calls("srun"), [], "no guard: it would requeue")
                (self.state / "log").unlink()

    def test_rehearsal_with_bad_input_says_so(self):
        self.submit([{"crash": True}], environment={"MTLGRID_REHEARSE": "3"}, plan=2).assert_ended(2, launches=1)
        self.assertIn("fix the problems listed above", self.log)

    def test_other_nodes_look_after_the_scripts_node(self):
        self.submit([{"status": 0}], environment={"SLURM_JOB_NUM_NODES": "3", "SLURMD_NODENAME": "a1"})
        (call,) = self.calls("srun")
        self.assertLessEqual({"--relative=1", "--nodes=2", "--ntasks=2", "--overlap", "--no-kill"}, set(call["arguments"]))
        self.assertEqual(call["arguments"][-2:], [str(SLURM / "guard.sh"), "a1"])
        (self.state / "calls.jsonl").unlink()
        self.submit([{"status": 0}], environment={"SLURM_JOB_NUM_NODES": "1", "SLURMD_NODENAME": "a1"})
        self.assertEqual(self.calls("srun"), [])

    def test_missing_configuration_is_bad_usage(self):
        self.submit(arguments=[])
        self.assertEqual(self.submission.returncode, 2)
        self.submit(arguments=[str(self.site / "no.ini")])
        self.assertEqual(self.submission.returncode, 2)
        self.assertIn("no.ini: no such file", self.submission.stderr)
        self.assertFalse(self.calls("sbatch"))

    def test_bad_configuration_is_said_before_anything_is_queued(self):
        self.submit([{"status": 0}], paths=2)
        self.assertEqual(self.submission.returncode, 2)
        self.assertIn("a problem", self.submission.stderr)
        self.assertIn("nothing was submitted", self.submission.stderr)
        self.assertFalse(self.calls("sbatch"))

    def test_bad_configuration_starts_nothing(self):
        """Submitted by hand, or spoilt since."""
        (self.site / "slurm").symlink_to(SLURM)
        self.submit([{"status": 0}], paths=2, directly=True).assert_ended(2, launches=0)
        self.assertIn("fix the problems listed above", self.log)

    def test_program_that_works_in_jobs_alone_is_submitted(self):
        """On the login node its modules may be missing."""
        self.submit([{"status": 0}], paths=127)
        self.assertTrue(self.calls("sbatch"))
        self.assert_ended(4, launches=0)
        self.assertIn("paths", self.log)

    def test_store_of_the_site_that_is_not_the_configurations_is_refused(self):
        self.submit([{"status": 0}], environment={"MTLGRID_STORE": "/elsewhere.db"}).assert_ended(2, launches=0)
        self.assertIn("unset MTLGRID_STORE", self.log)

    def test_dots_in_the_paths_of_script_and_configuration_are_left_to_the_system(self):
        """site/link -> deep/inner: what link/.. is, the shell's own cd would get wrong."""
        inner = self.site / "deep" / "inner"
        inner.mkdir(parents=True)
        (self.site / "link").symlink_to("deep/inner")
        self.config.rename(self.site / "deep" / "grid.ini")
        self.submit([{"status": 0}], arguments=["link/../grid.ini"]).assert_ended(0, launches=1)
        (used,) = {pathlib.Path(call[1]).resolve() for call in self.program_calls("run")}
        self.assertEqual(used, (self.site / "deep" / "grid.ini").resolve())


class OneCell(Job):
    CELL = "MSI/LF/autol+cagrad/3"

    def run_cell(self, **keywords):
        return self.submit(script="one_cell.sh", arguments=[self.CELL, str(self.config)], **keywords)

    def test_trains_and_compares_the_cell(self):
        self.run_cell()
        self.assertEqual(self.calls("ended")[-1]["status"], 0)
        self.assertEqual(self.program_calls("cell"), [["cell", str(self.config), self.CELL, "--verify"]])
        options = self.calls("sbatch")[0]["options"]
        self.assertEqual((options["nodes"], options["ntasks"]), ("1", "1"))
        self.assertTrue(options["no_requeue"])

    def test_status_is_the_programs(self):
        self.run_cell(cell=1)
        self.assertEqual(self.calls("ended")[-1]["status"], 1)

    def test_walltime_signal_reaches_the_program(self):
        self.run_cell(**{"await": "USR1", "launches": [{"signal": "USR1"}], "cell": 3})
        self.assertEqual(self.calls("ended")[-1]["status"], 3)
        self.assertEqual(len(self.calls("signal")), 1)

    def test_missing_cell_is_bad_usage(self):
        self.submit(script="one_cell.sh", arguments=[])
        self.assertEqual(self.submission.returncode, 2)
        self.assertFalse(self.calls("sbatch"))


class Documentation(unittest.TestCase):
    def test_every_site_value_is_explained(self):
        names = re.findall(r"\{(MTLGRID_\w+):=", (SLURM / "site.sh").read_text())
        page = (SLURM.parent / "docs" / "slurm.md").read_text()
        self.assertGreater(len(names), 15)
        self.assertEqual([name for name in names if f"`{name}`" not in page], [])

    def test_every_exit_status_of_the_program_has_a_case(self):
        source = (SLURM.parent / "base" / "exit_status.h").read_text()
        values = set(re.findall(r"\bk\w+ = (\d+)", source))
        cases = set(re.findall(r"(?m)^  (\d)\)", (SLURM / "full_benchmark.sh").read_text()))
        self.assertGreater(len(values), 5)
        self.assertEqual(values - cases, {"4", "141"}, "4 is the case of everything else; a run puts no result, whose reader could go (141)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
