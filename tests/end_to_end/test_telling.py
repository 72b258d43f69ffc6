"""Output and its failure, as users meet it: logs that cannot be written end nothing, results that cannot are errors.

Also what a person at a terminal sees of a run: lines that fit, and what Ctrl-C and a closed terminal do.
"""
import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import termios
import threading
import time
import unittest
from pathlib import Path

from grid import GridTest, until

READER_GONE = 141  # 128 + SIGPIPE
CELLS = 2 * 3  # pairs x folds, of one method


class Telling(GridTest):
    def small(self, **settings):
        return self.grid(**{"methods": "naive", "epochs": 1, **settings})

    def shell(self, grid, line):
        """Runs a line of bash in which mtlgrid is "$M"; returns its exit status."""
        environment = dict(grid.environment(), M=str(grid.program), CONFIG=str(grid.config), STORE=str(grid.store))
        return subprocess.run(["bash", "-c", line], env=environment, timeout=240).returncode

    def assert_done(self, grid):
        self.assertEqual(grid.done_status(), 0)
        self.assert_complete(grid, CELLS)

    def start_again(self, grid):
        for file in grid.store.parent.glob("grid.db*"):
            if file.is_file():
                file.unlink()

    def test_a_run_goes_on_where_nobody_reads_what_it_says(self):
        grid = self.small()
        out = self.folder / "head"
        for line, status in (('"$M" run "$CONFIG" --trainers 2 2>/dev/full', 0), ('"$M" run "$CONFIG" --trainers 2 2>&-', 0),
                             ('"$M" run "$CONFIG" --trainers 2 <&- >&- 2>&-', 0),
                             (f'"$M" run "$CONFIG" --trainers 2 2>&1 | head -1 > {out}; exit ${{PIPESTATUS[0]}}', 0)):
            with self.subTest(line=line):
                self.start_again(grid)
                self.assertEqual(self.shell(grid, line), status)
                self.assert_done(grid)
                journal = Path(str(grid.store) + ".journal").read_bytes()
                self.assertNotIn(b"cells, ", journal[:24] + journal[-200:])
        self.assertRegex(out.read_text(), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (note: |inferred: |grid 1 in ).*\n$")

    def test_results_that_cannot_be_written_are_errors(self):
        grid = self.small()
        self.assertEqual(grid.run(trainers=2), 0)
        cell = "MSI/ITH/naive/0"
        slides = grid.config.parent / "CPTAC-CRC"
        features = slides / "feats"
        commands = ['"$M" --help', '"$M" --version', '"$M" run --help', '"$M" plan "$CONFIG"', '"$M" status "$STORE"',
                    f'"$M" status "$STORE" --why {cell}', '"$M" status "$STORE" --watch',
                    '"$M" query "$STORE" --view counted_metrics --format csv', '"$M" query "$STORE"',
                    f'"$M" tables "$STORE" --out {self.folder}/tables',
                    f'"$M" synth {self.folder}/synth-$RANDOM --patients 24',
                    f'"$M" predict "$STORE" {cell} --slides {slides}/slide.csv --features {features}']
        errors = self.folder / "errors"
        for command in commands:
            with self.subTest(command=command):
                self.assertEqual(self.shell(grid, f"{command} >/dev/full 2>{errors}"), 5)
                self.assertIn("standard output cannot be written", errors.read_text())
                self.assertIn("No space left on device", errors.read_text())
                self.assertEqual(self.shell(grid, f"{command} >&- 2>{errors}"), 5)
                self.assertIn("it is closed", errors.read_text())
        # A reader that has seen enough is no error to speak of.
        line = 'exec 3> >(exec true); wait $!; "$M" query "$STORE" --view counted_predictions >&3 2>' + str(errors)
        self.assertEqual(self.shell(grid, line), READER_GONE)
        self.assertEqual(errors.read_text(), "")

    def test_out_writes_what_is_there_and_replaces_plain_files_alone(self):
        grid = self.small()
        self.assertEqual(grid.run(trainers=2), 0)
        plain, link, pipe = (self.folder / name for name in ("plain.pt", "link.pt", "pipe.pt"))
        export = f'"$M" export "$STORE" MSI/ITH/naive/0 --out '
        self.assertEqual(self.shell(grid, export + str(plain)), 0)
        weights = plain.read_bytes()
        self.assertGreater(len(weights), 1000)
        link.symlink_to("target.pt")
        os.mkfifo(pipe)
        self.assertEqual(self.shell(grid, f"{export} {link} && {export} /dev/null"), 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual((self.folder / "target.pt").read_bytes(), weights)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertEqual(self.shell(grid, f"cat {pipe} > {self.folder}/read & {export} {pipe} && wait"), 0)
        self.assertEqual((self.folder / "read").read_bytes(), weights)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(self.shell(grid, f"{export} /dev/stdout | cmp - {plain}"), 0)
        self.assertEqual(self.shell(grid, f"{export} {self.folder} 2>/dev/null"), 2)
        self.assertEqual(self.shell(grid, f"{export} /dev/full 2>/dev/null"), 5)

    def test_a_closed_terminal_stops_with_a_checkpoint(self):
        grid = self.small(epochs=400)
        run = grid.start(trainers=1)
        until(lambda: list(Path(str(grid.store) + ".d").rglob("log")), "a cell at work")
        time.sleep(1)
        run.process.send_signal(signal.SIGHUP)
        self.assertEqual(run.wait(), 3)
        self.assertIn("asked to stop (SIGHUP): 1 running cell writes its checkpoint", run.output())
        self.assertRegex(run.output(), r"stopped with \d+ cells left; to continue, run the same command again")
        self.assertEqual(len(list(Path(str(grid.store) + ".d").rglob("checkpoint-*"))), 1)


class Terminal:
    """A run on a terminal of its own, with everything that it shows."""

    def __init__(self, grid, arguments, columns, rows=24):
        self.shown = b""
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(grid.program, [str(grid.program), *map(str, arguments)], dict(grid.environment(), TERM="xterm"))
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        try:
            while chunk := os.read(self.screen, 1 << 16):
                self.shown += chunk
        except OSError:
            pass  # the program has closed it

    def wait(self):
        status = os.waitpid(self.pid, 0)[1]
        self.reader.join()
        os.close(self.screen)
        return os.waitstatus_to_exitcode(status)


class OnTerminal(GridTest):
    def lines(self, terminal):
        """What was ever shown on one line of the terminal: progress lines, and messages."""
        text = terminal.shown.decode().replace("\x1b[K", "")
        return [line for line in re.split(r"[\r\n]+", text) if line]

    def test_progress_fits_terminals_and_the_end_says_what_comes_next(self):
        for columns in (80, 200):
            grid = self.grid(f"grid-{columns}", methods="naive", epochs=40)
            terminal = Terminal(grid, ["run", grid.config, "--trainers", 2], columns)
            self.assertEqual(terminal.wait(), 0)
            progress = [line for line in self.lines(terminal) if " %  " in line]
            self.assertGreater(len(progress), 1)
            for line in progress:
                self.assertLess(len(line), columns, line)
                self.assertIn("ETA", line)
            self.assertEqual(len(set(progress)), len([a for a, b in zip(progress, progress[1:] + [""]) if a != b]))
            last = self.lines(terminal)[-1]
            self.assertRegex(last, rf"^\d\d:\d\d:\d\d all 6 cells are done \(6 in this run, on [12] trainers? of 1 rank\). Next: mtlgrid tables {grid.store} --out tables$")

    def test_second_ctrl_c_ends_at_once_and_says_so(self):
        grid = self.grid(methods="naive", epochs=400)
        # Steps so slow that the first Ctrl-C is still waited for.
        terminal = Terminal(grid, ["run", grid.config, "--trainers", 1, "--inject", "*=slow:5"], 80)
        until(lambda: list(Path(str(grid.store) + ".d").rglob("log")), "a cell at work")
        time.sleep(1)
        os.write(terminal.screen, b"\x03")
        until(lambda: b"Ctrl-C again ends it at once" in terminal.shown, "the answer to Ctrl-C")
        os.write(terminal.screen, b"\x03")
        self.assertEqual(terminal.wait(), 3)
        self.assertIn(b"Ctrl-C again: the run ends at once", terminal.shown)
        grid.wait_for_no_process()
        self.assertEqual(grid.done_status(), 3)
        self.assertEqual(grid.rows("SELECT outcome, count(*) FROM attempts GROUP BY 1"), [("stopped", 1)])


if __name__ == "__main__":
    unittest.main()
