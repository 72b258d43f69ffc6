#!/usr/bin/env python3
"""Whole cells by a plain PyTorch loop, for whole_run_test.cpp: fixtures/whole_run.json.

Every method under both protocols, float64, dropout 0, 3 epochs of the small experiment of tests/trainer/contract/tiny_experiment.h,
whose tiles, initial weights, bag orders and GradDrop's U come out of the same named streams (streams.py). What is
independent: PyTorch's modules and autograd, torch.optim.AdamW and CosineAnnealingLR, Auto-Lambda's meta gradient by double
backward through the virtual step, the aggregations on whole gradient vectors, CAGrad's minimum by Brent's method (scipy).
Usage: whole_run.py OUT
"""
import copy
import json
import math
import pathlib
import sys
from importlib.metadata import version

import numpy as np
import scipy
import torch
import torch.nn.functional as F
from scipy.optimize import brentq
from torch.nn.attention import SDPBackend, sdpa_kernel

from encdec import EncDec
from streams import Stream

SEED, EPOCHS, LR, DECAY, WIDTH = 1337, 3, 1e-3, 0.01, 6
TRAIN, VALID, TEST = [3, 0, 8, 5, 10, 1], [2, 7, 6], [4, 9, 11, 12]
METHODS = ["baseline", "naive", "dwa", "uncert", "autol", "graddrop", "pcgrad", "cagrad"]
METHODS += [f"{w}+{a}" for w in ("dwa", "uncert", "autol") for a in ("graddrop", "pcgrad", "cagrad")]


def stream(purpose):
    return Stream(SEED, f"MSI/LF/0/{purpose}")


def cohort(name, patients):
    """[(bag, label, target in table units)], as tiny_cohort and tiny_pair make them."""
    words, counter, made = Stream(11, name), 0, []
    for i in range(patients):
        tiles, counter = words.below(5, counter)
        values = []
        for _ in range(WIDTH * (1 + tiles)):
            value, counter = words.below(33, counter)
            values.append((value - 16) / 8)
        made.append((torch.tensor(values, dtype=torch.float64).reshape(-1, WIDTH), i % 2, 10.0 + i * 7 % 5))
    return made


INNER, OUTER = cohort("INNER", 13), cohort("OUTER", 6)
LOW = min(INNER[i][2] for i in TRAIN)
RANGE = max(INNER[i][2] for i in TRAIN) - LOW


def initial_model():
    """Initial values out of the stream "weights", parameter by parameter in the order of trainer/contract/parameters.h."""
    model = EncDec(WIDTH, 8, 2, 8, cls="is_MSIH", reg="LF", dropout=0.0).double()
    state = dict(model.named_parameters())
    own = ["class_tokens.is_MSIH", "head_class.is_MSIH.weight", "head_class.is_MSIH.bias", "class_tokens.LF",
           "head_regr.LF.weight", "head_regr.LF.bias"]
    with torch.no_grad():
        for i, name in enumerate([n for n in state if n not in own] + own):
            p, first = state[name], state[name.replace("layers.1.", "layers.0.")]
            if first is not p:
                p.copy_(first)
            elif "norm" in name or name.endswith(("in_proj_bias", "out_proj.bias")):
                p.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
            else:
                u = np.array(stream("weights").child(i).fill_uniform(p.numel()), dtype=np.float32)
                if not name.startswith("class_tokens"):
                    weight = state[name.removesuffix("bias") + "weight"] if name.endswith("bias") else p
                    fan_in, fan_out = weight.shape[1], weight.shape[0]
                    bound = math.sqrt(6 / (fan_in + fan_out)) if "in_proj" in name else 1 / math.sqrt(fan_in)
                    u = (2 * u - np.float32(1)) * np.float32(bound)
                p.copy_(torch.tensor(u).double().reshape(p.shape))
    return model


def losses(model, patient, joint=True, state=None):
    """[L_classification, L_regression of the scaled target], at other parameters where `state` is given."""
    bag, label, target = patient
    call = (bag, joint)
    _, logits, regression = model(*call) if state is None else torch.func.functional_call(model, state, call)
    found = [F.cross_entropy(logits, torch.tensor([label]))]
    if joint:
        found.append(F.mse_loss(regression, torch.tensor([[(target - LOW) / RANGE]], dtype=torch.float64)))
    return found


# --- Aggregations of G [K, P], K = 2: the gradient of a sum of losses. ---

def graddrop(g, released, u):
    p = 0.5 * (1 + g.sum(0) / (g.abs().sum(0) + (1e-8 if released else 0)))
    kept = ((p > u) & (g > 0)) | ((p < u) & (g < 0))
    return (g * kept).sum(0)


def pcgrad(g, released, _):
    total = torch.zeros_like(g[0])
    for i in range(2):
        h, other = g[i].clone(), g[1 - i]
        if h @ other < 0:
            unit = other / (other.norm() + (1e-8 if released else 0))
            h -= (h @ unit) * unit
        total += h
    return total


def cagrad(g, released, _, c=0.4):
    g0, difference = g.mean(0), g[0] - g[1]
    inside, length = (1e-8, (g0 @ g0 + 1e-8).sqrt()) if released else (0.0, g0.norm())
    radius = (c * length + inside).item()

    def slope(w):
        gw = w * g[0] + (1 - w) * g[1]
        return (difference @ g0 + radius * (gw @ difference) / (gw @ gw + inside).sqrt()).item()

    w = 0.0 if slope(0.0) >= 0 else 1.0 if slope(1.0) <= 0 else brentq(slope, 0, 1, xtol=1e-16, rtol=1e-15)
    gw = w * g[0] + (1 - w) * g[1]
    return 2 * (g0 + radius / (gw.norm() + inside) * gw) / (1 + c * c)


AGGREGATIONS = {"none": lambda g, released, u: g.sum(0), "graddrop": graddrop, "pcgrad": pcgrad, "cagrad": cagrad}


# --- Loss weightings ---

class Weighting:
    """Weights of a step; `observe` takes its losses, `epoch_done` ends an epoch."""

    def __init__(self, kind, tasks, released):
        self.kind, self.released, self.tasks = kind, released, tasks
        self.s = torch.full((2,), -0.7, dtype=torch.float64, requires_grad=True)
        self.lam = torch.full((2,), 0.1, dtype=torch.float64, requires_grad=True)
        self.lam_optimiser = torch.optim.AdamW([self.lam], lr=1e-4, weight_decay=0.01 if released else 0.0)
        self.means, self.history, self.steps = [0.0, 0.0], [], 0

    def weights(self):
        if self.kind == "uncert":
            return (1 / (2 * self.s.exp())).detach()
        if self.kind == "autol":
            return self.lam.detach().clone()
        if self.kind == "dwa" and len(self.history) >= 2:
            r = torch.tensor([b / a for a, b in zip(*self.history[-2:])], dtype=torch.float64)
            return 2 * torch.softmax(r / 2, 0)
        return torch.ones(self.tasks, dtype=torch.float64)

    def observe(self, values):
        self.steps += 1
        n = self.steps
        for k, value in enumerate(values):
            start = self.means[0] if self.released else self.means[k]
            self.means[k] = (n - 1) / n * start + value / n

    def epoch_done(self):
        self.history.append(list(self.means))
        self.means, self.steps = [0.0, 0.0], 0


def meta_gradient(model, weighting, patient, meta, rate, released):
    names = [n for n, _ in model.named_parameters()]
    parameters = list(model.parameters())
    lam = weighting.lam
    with sdpa_kernel(SDPBackend.MATH):  # the other kernels have no second derivative
        found = losses(model, patient)
        grads = torch.autograd.grad(lam[0] * found[0] + lam[1] * found[1], parameters, create_graph=not released)
        ahead = [p - rate * (g + DECAY * p) for p, g in zip(parameters, grads)]
        if not released:
            on_meta = losses(model, meta, state=dict(zip(names, ahead)))
            return torch.autograd.grad(on_meta[0] + on_meta[1], lam)[0]
        ahead = [a.detach().requires_grad_() for a in ahead]
        on_meta = losses(model, meta, state=dict(zip(names, ahead)))
        v = torch.autograd.grad(on_meta[0], ahead, allow_unused=True)
        v = [torch.zeros_like(p) if x is None else x for x, p in zip(v, parameters)]
        eps = 0.01 / torch.cat([x.reshape(-1) for x in v]).norm()
        plus, minus = (torch.stack(losses(model, patient, state={n: p + sign * eps * x
                                                                 for n, p, x in zip(names, parameters, v)}))
                       for sign in (1, -1))
        return (-rate * (plus - minus) / (2 * eps)).detach()


def train_step(model, weighting, aggregation, optimiser, patient, released, u):
    joint = weighting.tasks == 2
    found = losses(model, patient, joint)
    weights = weighting.weights()
    names = [n for n, p in model.named_parameters()]
    parameters = list(model.parameters())
    rows = [torch.autograd.grad(w * loss, parameters, retain_graph=True, allow_unused=True)
            for w, loss in zip(weights, found)]
    own = set(model.own())
    shared = [i for i, n in enumerate(names) if n not in own]
    g = torch.stack([torch.cat([row[i].reshape(-1) for i in shared]) for row in rows])
    combined = AGGREGATIONS[aggregation](g, released, u) if joint else g[0]
    for i, part in zip(shared, combined.split([parameters[i].numel() for i in shared])):
        parameters[i].grad = part.reshape(parameters[i].shape).clone()
    for i, n in enumerate(names):
        if n in own:
            grads = [row[i] for row in rows if row[i] is not None]
            parameters[i].grad = sum(grads) if grads else None
    if weighting.kind == "uncert" and not released:
        total = sum(loss.detach() / (2 * s.exp()) + s / 2 for loss, s in zip(found, weighting.s))
        weighting.s.grad = torch.autograd.grad(total, weighting.s)[0]
    optimiser.step()
    values = [loss.item() for loss in found]
    weighting.observe(values)
    return values


def predictions(model, joint):
    model.eval()
    made = []
    with torch.no_grad():
        for bag, _, _ in [INNER[i] for i in TEST] + OUTER:
            z, logits, regression = model(bag, joint)
            made.append([(logits[0, 1] - logits[0, 0]).item(),
                         regression.item() * RANGE + LOW if joint else None, z[0, 0].tolist()])
    return made


def run(method, released):
    joint = method != "baseline"
    parts = method.split("+")
    kind = next((p for p in parts if p in ("dwa", "uncert", "autol")), "equal")
    aggregation = next((p for p in parts if p in AGGREGATIONS), "none")
    model, weighting = initial_model(), Weighting(kind, 2 if joint else 1, released)
    groups = [{"params": list(model.parameters())}, {"params": [weighting.s], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=LR, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=EPOCHS) if released and joint else None
    shared = sum(p.numel() for n, p in model.named_parameters() if n not in set(model.own()))
    epochs, metas, best, best_epoch, best_model = [], [], math.inf, 0, None
    for epoch in range(1, EPOCHS + 1):
        order, meta_order = (stream(s).child(epoch).permutation(len(TRAIN)) for s in ("order", "meta"))
        sums = np.zeros(2 if joint else 1)
        for step, (i, j) in enumerate(zip(order, meta_order)):
            patient, meta = INNER[TRAIN[i]], INNER[TRAIN[j]]
            if kind == "autol":
                weighting.lam.grad = meta_gradient(model, weighting, patient, meta, optimiser.param_groups[0]["lr"], released)
                metas.append(weighting.lam.grad.tolist())
                weighting.lam_optimiser.step()
            u = None
            if aggregation == "graddrop":
                u = torch.tensor(stream("graddrop").child(epoch).child(step).fill_uniform(shared), dtype=torch.float64)
            sums += train_step(model, weighting, aggregation, optimiser, patient, released, u)
            if schedule:
                schedule.step()
        with torch.no_grad():
            valid = np.mean([[x.item() for x in losses(model, INNER[i], joint)] for i in VALID], 0)
        epochs.append({"train": (sums / len(TRAIN)).tolist(), "valid": valid.tolist(), "weights": weighting.weights().tolist()})
        if valid[0] < best:
            best, best_epoch, best_model = valid[0], epoch, copy.deepcopy(model.state_dict())
        weighting.epoch_done()
    model.load_state_dict(best_model)
    return {"method": method, "protocol": "released-code" if released else "paper", "epochs": epochs,
            "best_epoch": best_epoch, "predictions": predictions(model, joint), "meta_gradients": metas}


def main(out):
    runs = [run(method, released) for released in (False, True) for method in METHODS]
    document = {"versions": {"torch": version("torch"), "scipy": scipy.__version__, "numpy": np.__version__},
                "seed": SEED, "runs": runs}
    (pathlib.Path(out) / "whole_run.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
