#!/usr/bin/env python3
"""What other commands print is checked before the batch scripts use it: wrong, empty, of several lines, or hostile."""

import json
import os
import signal
import subprocess
import time
import unittest

from test_scripts import SLURM, Job

STOPPED = {"status": 3, "done": 1}


class Answers(Job):
    def tearDown(self):
        self.assertEqual(list(self.site.rglob("evil")) + list(self.state.rglob("evil")), [], "a text was executed")

    def again(self, *arguments, **keywords):
        (self.state / "calls.jsonl").unlink(missing_ok=True)
        return self.submit(*arguments, **keywords)

    def test_a_program_that_prints_something_else_than_paths_starts_nothing(self):
        store = f"store='{self.store}'"
        others = f"store_done='{self.store}.done'\nstore_lock='{self.store}.lock'\nrehearsal_done='{self.store}.rehearsal.done'"
        for text in ("", "touch evil", "store=$(touch evil)\n" + others, f"Loading modules...\n{store}\n{others}", store,
                     f"store='relative.db'\n{others}", f"{store}\n{others}; touch evil", f"store='a\n{others}",
                     f"{store}\nstore_done='/elsewhere'\nstore_lock='{self.store}.lock'"):
            with self.subTest(text):
                self.again([{"status": 0}], paths_text=text).assert_ended(4, launches=0)
                self.assertIn("printed something else than paths", self.log)
        self.again([{"status": 0}], paths_text=f"config='it'\\''s (x)'\n{store}\n{others}").assert_ended(0, launches=1)

    def test_a_job_is_requeued_only_if_slurm_says_that_nobody_cancelled_it(self):
        for answer in ("", "slurm_load_jobs error", "RUNNING None\nCANCELLED None", "$(touch evil) x", "running none"):
            with self.subTest(answer):
                self.again([STOPPED], squeue=answer).assert_ended(3, launches=1)
                self.assertIn("squeue does not say whether this job was cancelled", self.log)
        self.again([STOPPED], squeue="RUNNING None", squeue_status=1).assert_ended(3, launches=1)
        self.again([STOPPED, {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)

    def test_an_end_of_the_job_that_is_none_is_not_passed_on(self):
        for end in ("", "N/A", "Unknown", "now", "yesterday", "2001-01-02T03:04:05", "2030-01-02T03:04:05\nx", "1", "$(touch evil)"):
            with self.subTest(end):
                self.again([{"status": 0}], end=end)
                self.assertEqual(self.program_calls("run"), [["run", str(self.config)]])
        for end in ("5", "x[$(touch evil)]", "99999999999999999999", "1893553446 --inject"):
            with self.subTest(end):
                self.again([{"status": 0}], environment={"SLURM_JOB_END_TIME": end})
                self.assertEqual(self.program_calls("run"), [["run", str(self.config)]])

    def test_a_status_that_is_none_is_not_believed(self):
        for text in ("", "{", '{"status": -1}', '{"status": "0"}', '{"x": "\\"status\\": 0"}', '{"status": 00}',
                     '{"status": x[$(touch evil)]}', "status: 0"):
            with self.subTest(text):
                self.again([{"raw": text}, {"status": 0, "done": 1}]).assert_ended(0, launches=2, requeues=1)

    def test_counts_of_requeues_are_numbers_and_their_file_is_written_through_no_link(self):
        precious = self.site / "precious"
        precious.write_text("kept")
        self.beside_store(".requeues.tmp").symlink_to(precious)
        self.beside_store(".requeues").write_text("4242 08 1\n")
        self.again([STOPPED, {"status": 0, "done": 8}]).assert_ended(0, launches=2, requeues=1)
        self.assertEqual(precious.read_text(), "kept")
        self.beside_store(".requeues").unlink(missing_ok=True)
        self.beside_store(".requeues").mkdir()
        self.again([STOPPED, {"status": 0, "done": 8}])
        self.assertIn("requeues without progress are not counted", self.log)

    def test_pipes_beside_the_store_are_not_waited_for(self):
        os.mkfifo(self.beside_store(".requeues"))
        self.again([STOPPED, {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)
        self.beside_store(".requeues").unlink(missing_ok=True)
        os.mkfifo(self.beside_store(".lock"))
        self.again([{"crash": True}, {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)

    def test_folders_in_the_place_of_its_files_are_said(self):
        (self.beside_store(".requeues.tmp") / "in").mkdir(parents=True)
        self.again([STOPPED, {"status": 0, "done": 8}]).assert_ended(0, launches=2, requeues=1)
        self.assertIn("requeues without progress are not counted", self.log)
        (self.beside_store(".requeues") / "in").mkdir(parents=True)
        self.again([{"status": 0, "done": 8}]).assert_ended(0, launches=1)
        self.assertIn(".requeues cannot be removed", self.log)
        done = self.beside_store(".done")
        done.unlink()
        (done / "in").mkdir(parents=True)
        self.again([{"status": 0, "done": 8}]).assert_ended(5, launches=0)
        self.assertIn(f"{done} cannot be removed: move what is in its place elsewhere", self.log)

    def test_a_controller_that_does_not_answer_is_not_waited_for(self):
        self.again([STOPPED], silent=True, environment={"MTLGRID_ASK_SECONDS": "1"}).assert_ended(3, launches=1)
        self.assertIn("squeue has not answered for 1 s", self.log)
        self.assertIn("squeue does not say whether this job was cancelled", self.log)

    def test_a_lock_without_a_process_is_watched_and_not_taken_for_dead(self):
        host = os.uname().nodename
        self.beside_store(".lock").write_text(f'{{"epoch":1,"host":"{host}","pid":"x[$(touch evil)]"}}')
        self.again([{"crash": True}, {"status": 0, "done": 2}]).assert_ended(0, launches=2, requeues=1)

    def test_settings_that_are_computed_with_are_numbers(self):
        for name in ("SIGNAL_SECONDS", "REQUEUES", "LOCK_SECONDS", "ASK_SECONDS", "POLL_SECONDS", "GPUS_PER_NODE"):
            with self.subTest(name):
                self.again([{"status": 0}], environment={f"MTLGRID_{name}": "x[$(touch evil)]"})
                self.assertEqual(self.submission.returncode, 2)
                self.assertIn(f"MTLGRID_{name} is 'x[$(touch evil)]', expected a number", self.submission.stderr)
                self.assertFalse(self.calls("sbatch"))

    def test_numbers_of_slurm_that_are_none_are_left_alone(self):
        environment = {"SLURM_JOB_NUM_NODES": "x[$(touch evil)]", "SLURMD_NODENAME": "a1"}
        self.again([{"status": 0}], environment=environment).assert_ended(0, launches=1)
        self.assertEqual(self.calls("srun"), [])


class Guard(Job):
    """The guard of another node, for some polls."""

    def requeues(self, squeue, hostnames, squeue_status=0):
        self.submit(arguments=[])  # writes the scenario's file
        text = {"squeue": squeue, "squeue_status": squeue_status, "hostnames": hostnames, "store": str(self.store)}
        (self.state / "scenario.json").write_text(json.dumps(text))
        (self.state / "calls.jsonl").write_text("")
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}", "FAKE_STATE": str(self.state), "SLURM_JOB_ID": "4242",
                       "MTLGRID_GUARD_SECONDS": "0.05"}
        guard = subprocess.Popen(["bash", str(SLURM / "guard.sh"), "a1"], env=environment, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        time.sleep(1.5)
        self.assertIsNone(guard.poll(), "the guard has ended")
        os.killpg(guard.pid, signal.SIGKILL)  # with what it asks at the moment
        guard.wait()
        return len(self.calls("scontrol"))

    def test_only_a_list_of_nodes_without_the_scripts_requeues(self):
        self.assertGreater(self.requeues("RUNNING a[2-3]", {"text": "a2\na3\n"}), 0)
        for squeue, hostnames in (("RUNNING a[1-3]", {"text": "a1\na2\na3\n"}), ("RUNNING a[2-3]", {"text": "", "status": 1}),
                                  ("RUNNING a[2-3]", {"text": ""}), ("RUNNING a[2-3]", {"text": "error: no such thing\n"}),
                                  ("RUNNING ", {"text": "a2\n"}), ("", {"text": "a2\n"}), ("PENDING a2", {"text": "a2\n"}),
                                  ("RUNNING a2\nRUNNING a3", {"text": "a2\n"})):
            with self.subTest(squeue=squeue, hostnames=hostnames):
                self.assertEqual(self.requeues(squeue, hostnames), 0)
        self.assertEqual(self.requeues("RUNNING a2", {"text": "a2\n"}, squeue_status=1), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
