"""CTransPath's features: ours (build/bench/extractor) beside PyTorch eager and compiled, in turns.

Usage: bench_extractor.py [--tiles 256] [--rounds 3] [--threads 2] [--precision fp32|bf16] [--cosine 1000] [--frozen]
Prints tiles a second of each, best round, the processor's milliseconds a tile (of all threads, least round: what counts
where other work shares the machine), how often ours is as fast by both, and how near ours is to the rate of a large product of
the same run; then the smallest cosine of a tile's features with PyTorch's float32 over --cosine tiles.
All have the same weights (by rule), the same tiles (random textures) and the same number of threads, in batches of 64. The
network of PyTorch is tests/oracle/ctranspath.py's, with the fused attention of torch.nn.functional. --frozen also times
it compiled with constants frozen, which lays out weights for oneDNN. Needs a Python with torch (`make oracle`, or
MTLGRID_TORCH_PYTHON); without, ours alone is printed.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
OURS = pathlib.Path(os.environ.get("MTLGRID_BUILD", ROOT / "build")) / "bench" / "extractor"
FLOPS = 9.0e9  # of a tile: 2 multiplications and additions of 4.5e9 pairs
GFLOPS = FLOPS / 1e9
SIDE, WIDTH = 224, 768
# Arguments: folder of ctranspath.py, kinds, threads, weights, tiles, outputs' folder. A line in: a kind. A line out:
# seconds, and those of the processor.
THEIRS = """
import pathlib, sys, time, numpy, torch
sys.path.insert(0, sys.argv[1])
import ctranspath
torch.set_num_threads(int(sys.argv[3]))
model = ctranspath.Ctranspath().eval()
model.load_state_dict(torch.load(sys.argv[4], weights_only=False)["model"], strict=False)
tiles = numpy.fromfile(sys.argv[5], numpy.uint8).reshape(-1, 224, 224, 3)
def frozen():
    import torch._inductor.config as config
    config.freezing = True
    return torch.compile(model)
makers = {"eager": lambda: model, "compiled": lambda: torch.compile(model), "frozen": frozen}
def run(net, some):
    return torch.cat([net(ctranspath.normalised(some[i:i + 64], torch.float32)) for i in range(0, len(some), 64)])
with torch.no_grad():
    nets = {kind: makers[kind]() for kind in sys.argv[2].split(",")}
    for net in nets.values():
        run(net, tiles[:64])
    print("ready", flush=True)
    for line in sys.stdin:
        kind = line.strip()
        begin, used = time.perf_counter(), time.process_time()
        found = run(nets[kind], tiles)
        print(time.perf_counter() - begin, time.process_time() - used, flush=True)
        found.numpy().tofile(pathlib.Path(sys.argv[6]) / kind)
"""


def python_with_torch():
    for python in (os.environ.get("MTLGRID_TORCH_PYTHON"), ROOT / ".deps/oracle/bin/python", sys.executable):
        if python and shutil.which(python) and not subprocess.run([python, "-c", "import numpy, torch"],
                                                                 capture_output=True).returncode:
            return python
    return None


def write_tiles(file, count):
    """Bent stripes of random colours and widths: with structure at several scales, as tissue has."""
    made = random.Random(7)
    with open(file, "wb") as out:
        for _ in range(count):
            width, slope, bend = made.randint(1, 40), made.randint(1, 60), made.randint(8, 68)
            colours = [bytes(made.randint(40, 255) for _ in range(3)) for _ in range(64)]
            period = 64 * width
            stripes = b"".join(colour * width for colour in colours) * (2 + SIDE // period)
            for y in range(SIDE):
                begin = (y * slope // 16 + y * y // bend) % period * 3
                out.write(stripes[begin:begin + SIDE * 3])


class Yardstick:
    def __init__(self, python, arguments, kinds, weights, tiles, folder):
        self.child = subprocess.Popen([python, "-c", THEIRS, ROOT / "tests/oracle", ",".join(kinds), str(arguments.threads),
                                       weights, tiles, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline().strip() != "ready":
            raise SystemExit("the yardstick did not start")

    def seconds(self, kind):
        self.child.stdin.write(kind + "\n")
        self.child.stdin.flush()
        return tuple(map(float, self.child.stdout.readline().split()))

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def ours(arguments, weights, tiles, out):
    line = subprocess.check_output([OURS, "features", str(arguments.threads), arguments.precision, weights, tiles, out],
                                   text=True)
    return tuple(map(float, line.split("\t")[1:]))


def rate(arguments):
    return float(subprocess.check_output([OURS, "rate", str(arguments.threads)], text=True))


def smallest_cosine(python, a, b):
    code = ("import sys, numpy\n"
            f"a, b = (numpy.fromfile(f, numpy.float32).reshape(-1, {WIDTH}).astype(float) for f in sys.argv[1:])\n"
            "print(((a * b).sum(1) / numpy.sqrt((a * a).sum(1) * (b * b).sum(1))).min())")
    return float(subprocess.check_output([python, "-c", code, a, b], text=True))


def speed(arguments, python, folder, weights):
    tiles = folder / "tiles"
    write_tiles(tiles, arguments.tiles)
    kinds = ["eager", "compiled"] + (["frozen"] if arguments.frozen else []) if python else []
    theirs = Yardstick(python, arguments, kinds, weights, tiles, folder) if python else None
    times, rates = {}, []
    for _ in range(arguments.rounds):
        times.setdefault("ours", []).append(ours(arguments, weights, tiles, folder / "ours"))
        rates.append(rate(arguments))
        for kind in kinds:
            times.setdefault(kind, []).append(theirs.seconds(kind))
    if theirs:
        theirs.close()
    best = {kind: arguments.tiles / min(wall for wall, _ in found) for kind, found in times.items()}
    used = {kind: 1000 * min(processor for _, processor in found) / arguments.tiles for kind, found in times.items()}
    print("| | tiles/s, best round | all rounds | ours to it | processor, ms a tile | ours to it |\n"
          "| --- | --- | --- | --- | --- | --- |")
    for kind, value in best.items():
        every = ", ".join(f"{arguments.tiles / wall:.1f}" for wall, _ in times[kind])
        print(f"| {kind} | {value:.2f} | {every} | {best['ours'] / value:.2f} | {used[kind]:.0f} "
              f"| {used[kind] / used['ours']:.2f} |")
    print(f"\nA product of 2048 x 2048 matrices: {max(rates):.0f} GFLOP/s; ours {best['ours'] * GFLOPS:.0f} GFLOP/s, "
          f"{100 * best['ours'] * GFLOPS / max(rates):.0f} % of it", flush=True)


def cosine(arguments, python, folder, weights):
    tiles = folder / "many"
    write_tiles(tiles, arguments.cosine)
    ours(arguments, weights, tiles, folder / "ours")
    theirs = Yardstick(python, arguments, ["eager"], weights, tiles, folder)
    theirs.seconds("eager")
    theirs.close()
    print(f"Smallest cosine with PyTorch's float32 over {arguments.cosine} tiles, {arguments.precision}: "
          f"{smallest_cosine(python, folder / 'ours', folder / 'eager'):.7f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--cosine", type=int, default=1000)
    parser.add_argument("--frozen", action="store_true")
    arguments = parser.parse_args()
    python = python_with_torch()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        weights = folder / "weights.pth"
        subprocess.run([OURS, "weights", weights], check=True)
        if arguments.rounds:
            speed(arguments, python, folder, weights)
        if arguments.cosine and python:
            cosine(arguments, python, folder, weights)


if __name__ == "__main__":
    main()
