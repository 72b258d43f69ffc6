#!/usr/bin/env python3
"""Numbers of the random streams by streams.py, for random_test.cpp and fills_test.cpp: fixtures/streams.json.

The hash of streams.py is compared with the package xxhash first. Usage: streams_fixture.py OUT
"""
import json
import pathlib
import random
import sys

import xxhash

import streams


def check_hash():
    random.seed(1)
    for length in range(1, 129):
        for seed in (0, 1337, 2**64 - 1):
            data = random.randbytes(length)
            assert streams.xxh3_64(data, seed) == xxhash.xxh3_64_intdigest(data, seed), (length, seed)


def case(seed, name, children):
    s = streams.Stream(seed, name)
    for child in children:
        s = s.child(child)
    return {
        "seed": str(seed), "name": name, "children": children,
        "bits": [s.bits(i) for i in range(9)], "far_block": s.block((7 << 32) + 9),
        "uniform_double": [s.uniform_double(i) for i in range(5)],
        "permutation": s.permutation(23), "below": [s.below(3_000_000_000, i)[0] for i in range(5)],
        "fill_uniform": s.fill_uniform(131), "fill_dropout": s.fill_dropout(131, 0.1),
        "multiplicities": streams.multiplicities(s, 4, 17),
    }


def main(out):
    check_hash()
    cases = [case(1337, "MSI/LF/3/dropout", [1, 0, 0, 4096]), case(1337, "a", []), case(0, "bcd", [2**63]),
             case(2**64 - 1, "HRD/Prolif/4/w", [7]), case(5, "a name of more than sixteen and less than 33", []),
             case(5, "x" * 128, [])]
    document = {"versions": {"xxhash": xxhash.VERSION}, "cases": cases}
    (pathlib.Path(out) / "streams.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
