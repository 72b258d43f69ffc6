"""Bootstrap CIs: ours (build/bench/bootstrap) beside a loop over scikit-learn's functions, in one run.

10,000 resamples of AUROC and AUPRC of 600 patients; the loop is timed for 200 of them before and after ours, and the
mean of both scaled by 50. Without scikit-learn (`make oracle`, or MTLGRID_TORCH_PYTHON) only ours is printed, and that
is said.
"""
import os
import subprocess
import sys
import time
from pathlib import Path

PATIENTS, RESAMPLES, TIMED = 600, 10000, 200


def scikit_learn_loop():
    """Prints seconds of TIMED resamples."""
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score
    rng = np.random.default_rng(1)
    y = np.arange(PATIENTS) % 3 == 0
    score = y + rng.normal(size=PATIENTS)

    def resample():
        i = rng.integers(0, PATIENTS, PATIENTS)
        return roc_auc_score(y[i], score[i]), average_precision_score(y[i], score[i])

    resample()
    start = time.perf_counter()
    for _ in range(TIMED):
        resample()
    print(time.perf_counter() - start)


def python_with_scikit_learn():
    root = Path(__file__).resolve().parents[3]
    for python in (os.environ.get("MTLGRID_TORCH_PYTHON"), root / ".deps/oracle/bin/python", sys.executable):
        if python and subprocess.run([python, "-c", "import sklearn"], capture_output=True).returncode == 0:
            return python
    return None


def main():
    ours = [Path(os.environ["MTLGRID_BUILD"]) / "bench" / "bootstrap", str(RESAMPLES)]
    python = python_with_scikit_learn()
    if python is None:
        print("no Python with scikit-learn (make oracle, or MTLGRID_TORCH_PYTHON): ours alone")
        return subprocess.check_call(ours)
    loop = [python, "-B", __file__, "--yardstick"]
    before = float(subprocess.check_output(loop, text=True))
    lines = subprocess.check_output(ours, text=True)
    after = float(subprocess.check_output(loop, text=True))
    theirs = 1000 * (before + after) / 2 * RESAMPLES / TIMED
    print("milliseconds\n" + lines, end="")
    print(f"scikit-learn loop, {RESAMPLES} resamples (from {TIMED})\t{theirs:.0f}"
          f"\t{theirs / float(lines.splitlines()[0].split(chr(9))[1]):.0f} x ours")


if __name__ == "__main__":
    scikit_learn_loop() if sys.argv[1:] == ["--yardstick"] else main()
