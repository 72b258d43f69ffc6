#!/usr/bin/env python3
"""Makes a store as an earlier version leaves it: half of grid.ini's cells done, the tables that version makes of them.

    tests/end_to_end/old_stores/make.py BUILD FOLDER

BUILD is the build folder of a checkout of that version: git worktree add --detach ../old COMMIT, then build mtlgrid and
mtlgrid-trainer there. Made at e2ab16c (schema 1), 5ed1d81 (schema 2), 34fc0a8 (schema 3) and
df75a61 (schema 4).
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COHORTS = ["synth", "--patients", "24", "--seed", "7"]
HALF = "fold=0"
TABLES = ["table1.csv", "table2.csv"]
PARTS = ["grid.db", "grid.db.journal", "grid.db.sum"]  # a version before sums leaves none


def main():
    program, folder = Path(sys.argv[1]).resolve() / "mtlgrid", Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as work:
        cohorts = Path(work) / "cohorts"
        subprocess.run([program, COHORTS[0], cohorts, *COHORTS[1:]], check=True)
        shutil.copy(HERE / "grid.ini", cohorts / "old.ini")
        subprocess.run([program, "run", cohorts / "old.ini", "--workers", "1", "--only", HALF], check=True)
        subprocess.run([program, "tables", cohorts / "grid.db", "--out", cohorts / "tables"], check=True)
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            if (cohorts / part).exists():
                shutil.copy(cohorts / part, folder)
        for table in TABLES:
            shutil.copy(cohorts / "tables" / table, folder)


if __name__ == "__main__":
    main()
