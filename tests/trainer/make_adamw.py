#!/usr/bin/env python3
"""torch.optim.AdamW on a few numbers, for updates_test.cpp: torch 2.11.0 (CPU), seed 7, float64.

Writes fixtures/adamw.json: start, gradients of each step, and the parameters after each step. The learning rate changes
from step to step, as under cosine annealing.
"""
import json
from pathlib import Path

import torch

torch.manual_seed(7)
n, steps = 37, 12
p = torch.randn(n, dtype=torch.float64, requires_grad=True)
start = p.tolist()
opt = torch.optim.AdamW([p], lr=1e-2, weight_decay=0.1)
rows, rates, after = [], [], []
for i in range(steps):
    rate = 1e-2 / (1 + i % 3)
    g = torch.randn(n, dtype=torch.float64) * 10.0 ** (i % 5 - 3)
    opt.param_groups[0]["lr"] = rate
    p.grad = g.clone()
    opt.step()
    rows.append(g.tolist()), rates.append(rate), after.append(p.tolist())
(Path(__file__).parent / "fixtures" / "adamw.json").write_text(
    json.dumps({"torch": torch.__version__, "weight_decay": 0.1, "start": start, "rates": rates, "gradients": rows, "after": after}) + "\n")
