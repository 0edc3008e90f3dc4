#!/usr/bin/env python3
"""Writes schedules.json: the learning rates of PyTorch's schedulers at many steps.

    python3 tests/golden/schedules.py > tests/golden/schedules.json

Needs PyTorch 2, on the processor; the file was written by 2.15.0, and says so. tests/tests/schedules.rs
compares femto with it. The inverse time and the polynomial with an end, which PyTorch has not, are
Keras's formulas, written here.
"""

import json
import warnings

import torch
from torch.optim import lr_scheduler as schedulers

warnings.simplefilter("ignore")
CHECKED = [*range(60), 98, 99, 100, 101, 149, 150, 299, 300, 301, 699, 700, 701]
CHECKED += [998, 999, 1000, 1001, 1495, 1500, 1998, 2500]
LAST = max(CHECKED)
# Factors that are taken often are exact in every format: 255 / 256.
METRICS = [1.0, 0.9, 0.9, 0.85, 0.86, 0.8499, 0.9, 0.84, 0.84, 0.84, 0.84, float("nan"), 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
METRICS += [0.6] * 40


def rates(base, make, last=LAST):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    scheduler = make(optimizer)
    found = {}
    for step in range(last + 1):
        if step in CHECKED:
            found[step] = optimizer.param_groups[0]["lr"]
        if step < last:
            optimizer.step()
            scheduler.step()
    return found


def sequence(o, first, steps, then):
    return schedulers.SequentialLR(o, [first(o), then(o)], milestones=[steps])


def plateau(**settings):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, **settings)
    found = []
    for metric in METRICS:
        scheduler.step(metric if settings.get("mode") != "max" else 1 - metric)
        found.append(optimizer.param_groups[0]["lr"])
    return found


SCHEDULES = {
    "constant": lambda: rates(0.1, lambda o: schedulers.LambdaLR(o, lambda t: 1.0)),
    "linear": lambda: rates(0.1, lambda o: schedulers.LinearLR(o, 0.25, 0.75, 300)),
    "polynomial": lambda: rates(0.1, lambda o: schedulers.PolynomialLR(o, 1000, 2.0)),
    "polynomial with end": lambda: {t: 0.09 * (1 - min(t, 700) / 700) ** 1.5 + 0.01 for t in CHECKED},
    "inverse time": lambda: {t: 0.1 / (1 + 0.01 * t) for t in CHECKED},
    "exponential": lambda: rates(0.1, lambda o: schedulers.ExponentialLR(o, 255 / 256)),
    "staircase": lambda: rates(0.1, lambda o: schedulers.StepLR(o, 150, 0.3)),
    "milestones": lambda: rates(0.1, lambda o: schedulers.MultiStepLR(o, [10, 100, 700], 0.3)),
    "cosine": lambda: rates(0.1, lambda o: schedulers.CosineAnnealingLR(o, 1000, 0.001)),
    "cosine to zero": lambda: rates(0.1, lambda o: schedulers.CosineAnnealingLR(o, 1500), 1498),
    "cosine restarts": lambda: rates(0.1, lambda o: schedulers.CosineAnnealingWarmRestarts(o, 100, 1, 0.001)),
    "longer restarts": lambda: rates(0.1, lambda o: schedulers.CosineAnnealingWarmRestarts(o, 100, 2)),
    "one cycle": lambda: rates(0.1, lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=1000), 999),
    "one cycle with settings": lambda: rates(
        0.1,
        lambda o: schedulers.OneCycleLR(o, 0.2, total_steps=1999, pct_start=0.15, div_factor=10, final_div_factor=100),
        1998,
    ),
    "warm-up": lambda: rates(
        0.1,
        lambda o: sequence(
            o,
            lambda o: schedulers.LinearLR(o, 0.25, 1.0, 30),
            30,
            lambda o: schedulers.ExponentialLR(o, 255 / 256),
        ),
    ),
    "sequence": lambda: rates(
        0.1,
        lambda o: sequence(
            o,
            lambda o: schedulers.LambdaLR(o, lambda t: 1.0),
            100,
            lambda o: schedulers.PolynomialLR(o, 600, 1.0),
        ),
    ),
}
PLATEAUS = {
    "defaults": lambda: plateau(),
    "patience 2": lambda: plateau(patience=2, factor=0.5),
    "cooldown": lambda: plateau(patience=1, factor=0.5, cooldown=3, min_lr=0.02),
    "threshold": lambda: plateau(patience=1, factor=0.5, threshold=0.1),
    "largest": lambda: plateau(mode="max", patience=3, factor=0.25),
}

if __name__ == "__main__":
    lines = [
        '"torch": ' + json.dumps(torch.__version__),
        '"metrics": ' + json.dumps([None if m != m else m for m in METRICS]),
    ]
    for kind, makers in [("schedules", SCHEDULES), ("plateaus", PLATEAUS)]:
        found = [json.dumps(name) + ": " + json.dumps(make()) for name, make in makers.items()]
        lines.append(json.dumps(kind) + ": {\n" + ",\n".join(found) + "\n}")
    print("{" + ",\n".join(lines) + "\n}")
