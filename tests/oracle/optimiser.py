#!/usr/bin/env python3
"""Optimiser, schedule and early stopping, for updates_test, early_stopping_test and step_test: fixtures/optimiser.json.

AdamW: 200 steps of torch.optim.AdamW in float64, gradients of sizes from 1e-4 to 1, a changing learning rate; with decay
and without; `float32` is how far PyTorch's own float32 is from that. Schedule: torch.optim.lr_scheduler.CosineAnnealingLR(T_max=epochs) stepped once a batch, as the released code
does. Early stopping: the loops of the paper's text and of the released code, written out, on made-up validation curves.
Usage: optimiser.py OUT
"""
import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
import torch

SEED = 7
STEPS = 200
SHOWN = [1, 2, 3, 10, 50, 100, 150, 200]


def adamw(weight_decay):
    n = 12
    p = torch.randn(n, dtype=torch.float64, requires_grad=True)
    start = p.tolist()
    optimiser = torch.optim.AdamW([p], lr=1e-3, weight_decay=weight_decay)
    rates, gradients, after = [], [], {}
    for step in range(1, STEPS + 1):
        rate = 1e-3 / (1 + step % 3)
        # Values that float32 holds: the test feeds them to both types.
        g = (torch.randn(n, dtype=torch.float32) * 10.0 ** (step % 5 - 4)).double()
        optimiser.param_groups[0]["lr"] = rate
        p.grad = g.clone()
        optimiser.step()
        rates.append(rate)
        gradients.append(g.tolist())
        if step in SHOWN:
            after[str(step)] = p.tolist()
    run = {"weight_decay": weight_decay, "start": start, "rates": rates, "gradients": gradients, "after": after}
    return run | {"float32": float32_error(run)}


def float32_error(run):
    """The largest relative difference between PyTorch's float32 and its float64."""
    p = torch.tensor(run["start"], dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.AdamW([p], weight_decay=run["weight_decay"])
    worst = 0.0
    for step, (rate, g) in enumerate(zip(run["rates"], run["gradients"]), 1):
        optimiser.param_groups[0]["lr"] = rate
        p.grad = torch.tensor(g, dtype=torch.float32)
        optimiser.step()
        if str(step) in run["after"]:
            expected = torch.tensor(run["after"][str(step)], dtype=torch.float64)
            worst = max(worst, ((p.detach().double() - expected).abs() / expected.abs()).max().item())
    return worst


def cosine(lr, epochs, batches):
    optimiser = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)
    rates = []
    for _ in range(batches):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return {"lr": lr, "epochs": epochs, "rates": rates}


def stop_paper(curve, patience):
    """Ends after `patience` epochs in a row without a decrease below the best so far."""
    best, best_epoch, without = float("inf"), 0, 0
    for epoch, value in enumerate(curve, 1):
        if value < best:
            best, best_epoch, without = value, epoch, 0
        else:
            without += 1
        if without == patience:
            return epoch, best_epoch
    return len(curve), best_epoch


def stop_released(curve, patience):
    """`best_epoch` counts from 1 and the loop's index from 0: the comparison is off by one."""
    best, best_epoch = float("inf"), 0
    for index, value in enumerate(curve):
        if value < best:
            best, best_epoch = value, index + 1
        if index - best_epoch >= patience:
            return index + 1, best_epoch
    return len(curve), best_epoch


def curves(rng):
    made = [rng.normal(size=32).cumsum() * 0.1 + 1 for _ in range(20)]  # random walks
    made += [1 / np.arange(1, 33) + 0.05 * rng.random(32) for _ in range(10)]  # falling, noisy
    made += [np.round(c, 1) for c in made[:10]]  # with ties
    made += [np.full(32, 0.7), np.linspace(1, 0, 32), np.linspace(0, 1, 32)]
    return [c.tolist() for c in made]


def main(out):
    torch.manual_seed(SEED)
    stopping = [{"curve": c, "patience": patience, "paper": stop_paper(c, patience), "released": stop_released(c, patience)}
                for c in curves(np.random.default_rng(SEED)) for patience in (3, 7)]
    document = {"versions": {"torch": version("torch"), "numpy": np.__version__}, "seed": SEED,
                "adamw": [adamw(0.01), adamw(0.1), adamw(0.0)], "cosine": [cosine(1e-4, epochs, 200) for epochs in (32, 7)],
                "early_stopping": stopping}
    (pathlib.Path(out) / "optimiser.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
