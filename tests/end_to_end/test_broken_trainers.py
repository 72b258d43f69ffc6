"""Trainers that say what no trainer says: their attempts crash, and the run ends by itself."""
import subprocess
import sys
import unittest

from grid import PATIENCE, Grid, GridTest

# Waits for its setup, is ready, waits for a pack, and answers it with ANSWER, a Python expression of a message's bytes.
# With BEFORE it gives that answer to the setup already.
TRAINER = r'''#!PYTHON
import struct, sys, time

def read():
    length, = struct.unpack("<I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(length)

def text(value):
    return bytes([0xa0 + len(value)]) + value.encode()

def fields(**values):
    return bytes([0x80 + len(values)]) + b"".join(text(name) + value for name, value in values.items())

def say(body):
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.flush()

def answer():
    say(ANSWER)
    time.sleep(60)

read()
if BEFORE:
    answer()
say(fields(type=text("ready"), pid=b"\x01", largest_pack=b"\x00", environment=b"\x80", staging_lacks=text("")))
read()
answer()
'''

DEEP = 'b"\\x91" * 4_000_000'


class BrokenTrainers(GridTest):
    def run_with(self, answer, before=False):
        """A run whose trainers all give this answer: the finished process, and the grid."""
        grid = Grid(self.folder, methods="baseline")
        trainer = self.folder / "trainer"
        trainer.write_text(TRAINER.replace("PYTHON", sys.executable).replace("ANSWER", answer).replace("BEFORE", str(before)))
        trainer.chmod(0o755)
        done = subprocess.run([grid.program, "run", grid.config, "--workers", "1", "--empty-cells", "0"], capture_output=True, text=True,
                              timeout=PATIENCE, env=dict(grid.environment(), MTLGRID_TRAINER=str(trainer)))
        return done, grid

    def assert_all_failed(self, done, grid, why):
        self.assertIn(done.returncode, range(6), done.stderr[-2000:])
        self.assertIn("broken stream: ", done.stderr)
        self.assertIn(why, done.stderr)
        self.assertEqual(grid.rows("SELECT DISTINCT state FROM cells"), [("failed",)])
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome != 'crashed'"), [(0,)])

    def test_deep_nesting_ends_the_attempt(self):
        self.assert_all_failed(*self.run_with(DEEP), "nested deeper than 64")

    def test_a_result_without_a_field_ends_the_attempt(self):
        self.assert_all_failed(*self.run_with('fields(type=text("finished"))'), "malformed message")

    def test_a_result_of_nothing_ends_the_attempt(self):
        self.assert_all_failed(*self.run_with('fields(type=text("finished"), result=b"\\x90")'), "malformed message")

    def test_a_trainer_that_is_never_ready_does_not_end_its_rank(self):
        done, grid = self.run_with(DEEP, before=True)
        self.assertIn(done.returncode, range(1, 6), done.stderr[-2000:])
        self.assertIn("nested deeper than 64", done.stderr)
        self.assertEqual(grid.rows("SELECT DISTINCT state FROM cells"), [("pending",)])


if __name__ == "__main__":
    unittest.main()
