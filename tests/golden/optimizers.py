#!/usr/bin/env python3
"""Writes optimizers.json: what PyTorch's optimizers make of a small network in 100 steps.

    python3 tests/golden/optimizers.py > tests/golden/optimizers.json

Needs PyTorch (1.13 or newer, on the processor). In double precision, so that the file holds what the
rules say and not how one machine rounds. tests/tests/golden.rs compares femto with it.

The network is 4-6-3, tanh between the layers, mean cross-entropy over twelve rows, always the same
batch. Parameters lie as femto has them: weights (inputs x outputs), biases, layer by layer.
"""

import json

import torch

torch.set_default_dtype(torch.float64)
CHECKED = [1, 2, 3, 10, 30, 100]

# Plain lists: the same numbers, and the same text, whatever version wrote the file.
state = 1


def number():
    """In -1..1, with 12 bits: exact in every format."""
    global state
    state = (1103515245 * state + 12345) % 2**31
    return ((state >> 12) % 4096) / 2048 - 1


INPUTS = [[number() for _ in range(4)] for _ in range(12)]
CLASSES = [row % 3 for row in range(12)]
SHAPES = [(4, 6), (6,), (6, 3), (3,)]
INITIAL = [number() for shape in SHAPES for _ in range(torch.Size(shape).numel())]


def run(make):
    parameters, at = [], 0
    for shape in SHAPES:
        length = torch.Size(shape).numel()
        parameters.append(torch.tensor(INITIAL[at : at + length]).reshape(shape).requires_grad_())
        at += length
    inputs, classes = torch.tensor(INPUTS), torch.tensor(CLASSES)
    optimizer = make(parameters)
    found = {}
    for step in range(1, max(CHECKED) + 1):
        optimizer.zero_grad()
        w1, b1, w2, b2 = parameters
        logits = torch.tanh(inputs @ w1 + b1) @ w2 + b2
        torch.nn.functional.cross_entropy(logits, classes).backward()
        optimizer.step()
        if step in CHECKED:
            found[step] = [round(x, 9) for p in parameters for x in p.detach().flatten().tolist()]
    return found


class Lion(torch.optim.Optimizer):
    """Chen et al., 2023, algorithm 2; PyTorch has none."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (b1, b2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(b1 * m + (1 - b1) * p.grad)
                p.sub_(lr * (update + decay * p))
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


optim = torch.optim
RUNS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "dampened": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.5),
    "nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.05),
    "adagrad with decay": lambda p: optim.Adagrad(p, lr=0.05, lr_decay=0.02),
    "adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.005),
    "rmsprop centered": lambda p: optim.RMSprop(p, lr=0.005, centered=True),
    "rmsprop momentum": lambda p: optim.RMSprop(p, lr=0.002, momentum=0.9),
    "rmsprop centered momentum": lambda p: optim.RMSprop(p, lr=0.002, momentum=0.9, centered=True),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "lion": lambda p: Lion(p, lr=0.003, weight_decay=0.1),
}

if __name__ == "__main__":
    lines = [
        '"inputs": ' + json.dumps(INPUTS),
        '"classes": ' + json.dumps(CLASSES),
        '"initial": ' + json.dumps(INITIAL),
    ]
    runs = [json.dumps(name) + ": " + json.dumps(run(make)) for name, make in RUNS.items()]
    print("{" + ",\n".join(lines) + ',\n"runs": {\n' + ",\n".join(runs) + "\n}}")
