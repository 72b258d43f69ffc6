#!/usr/bin/env python3
"""What other implementations make of the same gradients and losses, for tests/balancers: aggregation.json, weighting.json.

Aggregations: torchjd (with cvxpy and clarabel for its CAGrad), and the authors' algorithms on the vectors themselves in
NumPy, with the released code's epsilons and without; CAGrad's minimum by SLSQP (scipy) from equal weights, as the authors'
code finds it but to the last digits. torchjd's random numbers are replaced by the ones written to the fixture. torchjd's
CAGrad is ours x (1 + c^2) / K and 0 where its g_w is nearly 0; those results are written as null. w* of two tasks is
computed by bisection with 80 digits (mpmath) from the very doubles of the Gram matrix that the fixture holds.
Weightings: runs of 50 steps by PyTorch's AdamW and autograd. Usage: balancers.py OUT
"""

import json
import pathlib
import sys
from importlib.metadata import version
from unittest import mock

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize
from torchjd.aggregation import CAGrad, GradDrop, PCGrad

SEED = 1337
C = 0.4
EPS = 1e-8
STEPS = 50
mpmath.mp.dps = 80


def gradient_cases(rng):
    """Name -> [K, P] task gradients."""
    p = 6
    cases = {}
    for k in (2, 3, 5):
        base = rng.normal(size=p)
        cases[f"random {k}"] = rng.normal(size=(k, p))
        cases[f"random again {k}"] = rng.normal(size=(k, p)) * 10.0 ** rng.integers(-3, 3, size=(k, 1))
        spread = rng.normal(size=(k, p))
        cases[f"conflicting {k}"] = spread - 1.2 * spread.mean(axis=0)
        cases[f"parallel {k}"] = np.outer(np.arange(1, k + 1), base)
        cases[f"opposite {k}"] = np.outer([(-1) ** i * (i + 1) for i in range(k)], base)
        cases[f"all zero {k}"] = np.zeros((k, p))
        one_zero = rng.normal(size=(k, p))
        one_zero[k - 1] = 0
        cases[f"one zero {k}"] = one_zero
        ratio = rng.normal(size=(k, p))
        ratio[0] *= 1e15
        cases[f"ratio 1e15 {k}"] = ratio
        tiny = rng.normal(size=(k, p)) * 1e-15
        cases[f"tiny {k}"] = tiny
        holes = rng.normal(size=(k, p))
        holes[:, ::2] = 0
        cases[f"zero coordinates {k}"] = holes
    return cases


def pcgrad_torchjd(g, order):
    permutations = iter(torch.tensor(list(o) + [i]) for i, o in enumerate(order))
    with mock.patch("torch.randperm", lambda n: next(permutations)):
        return PCGrad()(torch.tensor(g)).numpy()


def pcgrad_released(g, order):
    """Projections on g_j / (|g_j| + eps), on the vectors themselves."""
    unit = g / (np.linalg.norm(g, axis=1, keepdims=True) + EPS)
    total = np.zeros(g.shape[1])
    for i, others in enumerate(order):
        h = g[i].copy()
        for j in others:
            h -= min(0.0, float(h @ unit[j])) * unit[j]
        total += h
    return total


def cagrad_torchjd(g):
    out = CAGrad(c=C, norm_eps=1e-6)(torch.tensor(g)).numpy() * len(g) / (1 + C * C)
    return out if np.any(out) else None


def cagrad_written_out(g, eps):
    """The authors' algorithm times K; the vectors are scaled to length 1 for the solver (without epsilons alone)."""
    k, scale = len(g), 1.0 if eps else np.linalg.norm(g, axis=1).max() or 1.0
    g0 = g.mean(axis=0) / scale
    gram = g @ g.T / scale**2
    c = C * np.sqrt(gram.mean() + eps) + eps

    def objective(w):
        return w @ gram.mean(axis=1) + c * np.sqrt(max(0.0, w @ gram @ w) + eps)

    found = minimize(objective, np.full(k, 1 / k), method="SLSQP", bounds=[(0, 1)] * k, options={"ftol": 1e-17, "maxiter": 1000},
                     constraints={"type": "eq", "fun": lambda w: w.sum() - 1})
    gw = found.x @ g / scale
    length = np.linalg.norm(gw)
    if not eps and length < 1e-4:
        return None  # SLSQP knows nothing of a direction that vanishes
    return k * scale * (g0 + c / (length + eps) * gw) / (1 + C * C)


def graddrop_torchjd(g, uniform):
    with mock.patch("torch.rand", lambda *a, **k: torch.tensor(uniform)):
        return GradDrop()(torch.tensor(g)).numpy()


def graddrop_released(g, uniform):
    p = 0.5 * (1 + g.sum(axis=0) / (np.abs(g).sum(axis=0) + EPS))
    return (g * ((p > uniform) * (g > 0) + (p < uniform) * (g < 0))).sum(axis=0)


def simplex_point_of_two(gram, eps):
    """w_0 that minimises g_w.g0 + phi sqrt(|g_w|^2 + eps); None where M is not positive definite."""
    a, m, b = (mpmath.mpf(float(x)) for x in (gram[0, 0], gram[0, 1], gram[1, 1]))
    if a * b - m * m <= mpmath.mpf(2) ** -49 * a * b:
        return None
    phi = C_MP * mpmath.sqrt((a + 2 * m + b) / 4 + eps) + eps

    def slope(x):
        square = x * x * a + 2 * x * (1 - x) * m + (1 - x) * (1 - x) * b + eps
        return (a - b) / 2 + phi * (x * (a - m) - (1 - x) * (b - m)) / mpmath.sqrt(square)

    low, high = mpmath.mpf(0), mpmath.mpf(1)
    if slope(low) >= 0:
        return 0.0
    if slope(high) <= 0:
        return 1.0
    for _ in range(300):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float(low)


C_MP = mpmath.mpf(C)  # the double 0.4, as the program has it


def plain(x):
    return None if x is None else np.asarray(x).tolist()


def aggregation_fixture(rng):
    cases = []
    for name, g in gradient_cases(rng).items():
        k = len(g)
        order = [rng.permutation([j for j in range(k) if j != i]).tolist() for i in range(k)]
        uniform = rng.uniform(size=g.shape[1])
        zero_row = (np.abs(g).sum(axis=1) == 0).any()
        cases.append({
            "name": name, "gradients": plain(g), "order": order, "uniform": plain(uniform), "sum": plain(g.sum(axis=0)),
            "pcgrad": plain(pcgrad_torchjd(g, order)), "pcgrad_released": plain(pcgrad_released(g, order)),
            "cagrad": None if zero_row else plain(cagrad_torchjd(g)),
            "cagrad_written_out": None if zero_row else plain(cagrad_written_out(g, 0.0)),
            "cagrad_released": plain(cagrad_written_out(g, EPS)) if name.startswith(("random", "conflicting")) else None,
            "graddrop": plain(graddrop_torchjd(g, uniform)), "graddrop_released": plain(graddrop_released(g, uniform)),
        })
    return cases


def two_task_grams(rng):
    """Gram matrices of two tasks over angles and lengths, and w_0 under both protocols."""
    grams = []
    for ratio in (1.0, 0.9, 1.3, 3.0, 1e3, 1e-6, 1e15):
        for angle in (1e-5, 0.1, 1.0, np.pi / 2, 2.0, 3.0, np.pi - 1e-3, np.pi - 1e-6):
            length = 10.0 ** rng.uniform(-6, 2)
            a, b, m = length**2, (ratio * length) ** 2, ratio * length**2 * np.cos(angle)
            gram = np.array([[a, m], [m, b]])
            point = simplex_point_of_two(gram, mpmath.mpf(0))
            if point is None:
                continue
            grams.append({"gram": plain(gram), "w": point, "w_released": simplex_point_of_two(gram, mpmath.mpf(EPS))})
    return grams


def learned_scalars(losses, rates, start, decay, loss_of):
    """Trajectory of AdamW on one parameter a task, by autograd in double."""
    value = torch.full((losses.shape[1],), start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([value], lr=rates[0], weight_decay=decay)
    trajectory = []
    for row, rate in zip(losses, rates):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss_of(value, torch.tensor(row)).backward()
        optimizer.step()
        trajectory.append(value.detach().tolist())
    return trajectory


def dwa_epochs(epochs, shifted):
    """Weights of each epoch from losses [epoch][step][task]."""
    history, weights = [], []
    for losses in epochs:
        if len(history) < 2:
            weights.append([1.0] * losses.shape[1])
        else:
            ratio = np.array(history[-1]) / np.array(history[-2])
            share = np.exp(ratio / 2)
            weights.append((len(ratio) * share / share.sum()).tolist())
        mean = np.zeros(losses.shape[1])
        for n, row in enumerate(losses):
            r = n / (n + 1)
            mean[0] = r * mean[0] + (1 - r) * row[0]
            for k in range(1, len(row)):
                mean[k] = r * (mean[0] if shifted else mean[k]) + (1 - r) * row[k]
        history.append(mean)
    return weights


def weighting_fixture(rng):
    losses = rng.uniform(0.05, 2, size=(STEPS, 2))
    rates = (1e-4 * (1 + np.cos(np.pi * np.arange(STEPS) / 32)) / 2 + 1e-6).tolist()
    meta = rng.normal(size=(STEPS, 2)) * 1e-3
    epochs = rng.uniform(0.05, 2, size=(10, STEPS // 10, 3))
    return {
        "losses": plain(losses), "rates": rates,
        "s": learned_scalars(losses, rates, -0.7, 0, lambda s, l: (l / (2 * torch.exp(s)) + s / 2).sum()),
        "meta_gradients": plain(meta),
        "lambda": learned_scalars(meta, [1e-4] * STEPS, 0.1, 0, lambda v, g: (v * g).sum()),
        "lambda_released": learned_scalars(meta, [1e-4] * STEPS, 0.1, 0.01, lambda v, g: (v * g).sum()),
        "epoch_losses": plain(epochs), "dwa": dwa_epochs(epochs, False), "dwa_released": dwa_epochs(epochs, True),
    }


def main(out):
    rng = np.random.default_rng(SEED)
    header = {"versions": {p: version(p) for p in ("numpy", "torch", "torchjd", "scipy", "mpmath", "cvxpy", "clarabel")},
              "seed": SEED}
    aggregation = header | {"c": C, "cases": aggregation_fixture(rng), "two_tasks": two_task_grams(rng)}
    for name, document in (("aggregation", aggregation), ("weighting", header | weighting_fixture(rng))):
        (pathlib.Path(out) / f"{name}.json").write_text(json.dumps(document, indent=0).replace(",\n", ", ") + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
