#!/usr/bin/env python3
"""examples/demo.sh without a build: which launcher it takes. mpirun and mtlgrid are scripts that note how they are called."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

DEMO = pathlib.Path(__file__).resolve().parents[2] / "examples" / "demo.sh"

PROGRAM = """#!/bin/bash
echo "mtlgrid $*" >> "$NOTES"
done_file() { mkdir -p "$1/results"; echo '{"status": 0, "done": 595, "grid": 3}' > "$1/results/grid.db.done"; }
case $1 in
  synth) mkdir -p "$2"; touch "$2/grid.ini" ;;
  paths) folder=$(dirname "$2"); echo "store='$folder/results/grid.db'"; echo "store_done='$folder/results/grid.db.done'"
    echo "store_lock='$folder/results/grid.db.lock'"; echo "rehearsal_done='$folder/results/grid.db.rehearsal.done'" ;;
  run) done_file "$(dirname "$2")" ;;
  tables) [ "$3 $4" = "--grid 3" ] && mkdir -p "$6"; echo "| Method |" | tee "$6/table1.md" > "$6/table2.md" ;;
esac
"""
# Open MPI's: refuses where $REFUSES is set, as it does on a host with an underscore in its name.
MPIRUN = """#!/bin/bash
if [ "$1" = --version ]; then echo "mpirun (Open MPI) 4.1.4"; exit 0; fi
echo "mpirun $*" >> "$NOTES"
if [ -n "$REFUSES" ]; then printf -- '-----\\nan illegal character in the following node name:\\n\\n  node:  a_b\\n-----\\n' >&2; exit 1; fi
while [ $# -gt 0 ] && [ "$1" != "$MTLGRID" ] && [ "$1" != true ]; do shift; done
exec "$@"
"""


class Demo(unittest.TestCase):
    def demo(self, mpirun=MPIRUN, refuses=""):
        temporary = tempfile.TemporaryDirectory(prefix="mtlgrid demo ")
        self.addCleanup(temporary.cleanup)
        top = pathlib.Path(temporary.name)
        (top / "bin").mkdir()
        for name, text in (("mtlgrid", PROGRAM), ("mpirun", mpirun)):
            (top / "bin" / name).write_text(text)
            (top / "bin" / name).chmod(0o755)
        done = subprocess.run([DEMO, top / "demo"], capture_output=True, text=True, timeout=60, env=dict(
            os.environ, PATH=f"{top / 'bin'}:{os.environ['PATH']}", MTLGRID=str(top / "bin" / "mtlgrid"),
            NOTES=str(top / "notes"), REFUSES=refuses))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| Method |", done.stdout)
        self.notes = (top / "notes").read_text()
        return done.stderr

    def test_ranks_where_mpirun_works(self):
        said = self.demo()
        self.assertIn("one trainer each", said)
        self.assertRegex(self.notes, r"mpirun --enable-recovery .* run .*grid\.ini --trainers 1")

    def test_local_trainers_where_mpirun_refuses_the_host_name(self):
        said = self.demo(refuses="yes")
        self.assertIn("mpirun cannot start a program here:", said)
        self.assertIn("node:  a_b", said)
        self.assertIn("local trainers are used", said)
        self.assertEqual(len(re.findall("^mpirun .* true$", self.notes, re.M)), 1)
        self.assertRegex(self.notes, r"(?m)^mtlgrid run .*grid\.ini --trainers \d+$")

    def test_local_trainers_where_there_is_another_mpi(self):
        self.assertIn("no Open MPI here", self.demo(mpirun="#!/bin/bash\necho HYDRA\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
