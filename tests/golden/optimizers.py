#!/usr/bin/env python3
"""Writes optimizers.json: what PyTorch's optimizers make of a small network in 100 steps.

    python3 tests/golden/optimizers.py > tests/golden/optimizers.json

Needs PyTorch 2, on the processor; the file was written by 2.15.0, and says so. In double precision, so
that it holds what the rules say and not how one machine rounds. tests/tests/golden.rs compares femto
with it.

Lion and the schedule-free AdamW, which PyTorch has not, are written here from their papers.

The network is 4-6-3, tanh between the layers, mean cross-entropy over twelve rows, always the same
batch. Parameters lie as femto has them: weights (inputs x outputs), biases, layer by layer.
"""

import json
import struct

import torch

from network import CHECKED, CLASSES, INITIAL, INPUTS, SHAPES

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def single(x):
    """As femto takes it: some rules make much of the last digits of a decay rate."""
    return struct.unpack("f", struct.pack("f", x))[0]


BETAS = (single(0.9), single(0.999))


def run(make, checked=CHECKED, seen=lambda optimizer, parameter: parameter):
    """The parameters after the checked steps, or what `seen` finds instead of each."""
    parameters, at = [], 0
    for shape in SHAPES:
        length = torch.Size(shape).numel()
        parameters.append(torch.tensor(INITIAL[at : at + length]).reshape(shape).requires_grad_())
        at += length
    inputs, classes = torch.tensor(INPUTS), torch.tensor(CLASSES)
    optimizer = make(parameters)
    found = {}
    for step in range(1, max(checked) + 1):
        optimizer.zero_grad()
        w1, b1, w2, b2 = parameters
        logits = torch.tanh(inputs @ w1 + b1) @ w2 + b2
        torch.nn.functional.cross_entropy(logits, classes).backward()
        optimizer.step()
        if step in checked:
            values = [seen(optimizer, p).detach().flatten().tolist() for p in parameters]
            found[step] = [round(x, 9) for tensor in values for x in tensor]
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


class ScheduleFreeAdamW(torch.optim.Optimizer):
    """Defazio et al., 2024, algorithm 1; parameters hold y, as in the authors' implementation."""

    def __init__(self, parameters, lr, betas=BETAS, eps=1e-8, weight_decay=0.0, warmup=0):
        super().__init__(parameters, {"lr": lr})
        self.betas, self.eps, self.decay, self.warmup = betas, eps, weight_decay, warmup
        self.steps, self.sum = 0, 0.0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        (b1, b2), rate = self.betas, self.param_groups[0]["lr"]
        if self.steps < self.warmup:
            rate *= self.steps / self.warmup
        self.sum += rate**2
        share = rate**2 / self.sum
        for y in self.param_groups[0]["params"]:
            if not self.state[y]:
                self.state[y] = {"x": y.clone(), "z": y.clone(), "v": torch.zeros_like(y)}
            state = self.state[y]
            state["v"].mul_(b2).add_((1 - b2) * y.grad**2)
            change = y.grad / ((state["v"] / (1 - b2**self.steps)).sqrt() + self.eps) + self.decay * y
            state["z"].sub_(rate * change)
            state["x"].mul_(1 - share).add_(share * state["z"])
            y.copy_((1 - b1) * state["z"] + b1 * state["x"])


def weights_and_biases(p):
    return [{"params": p[0::2]}, {"params": p[1::2], "weight_decay": 0.0, "lr": 0.02}]


def layers(p):
    return [{"params": p[:2], "lr": 0.02}, {"params": p[2:], "lr": 0.05, "momentum": 0.5}]


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
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "lion": lambda p: Lion(p, lr=0.003, weight_decay=0.1),
    "asgd": lambda p: optim.ASGD(p, lr=0.2, lambd=0.05, t0=20, foreach=False),
    "nadam": lambda p: optim.NAdam(p, lr=0.01, betas=BETAS),
    "nadam fast": lambda p: optim.NAdam(p, lr=0.01, betas=BETAS, momentum_decay=1.0),
    "radam": lambda p: optim.RAdam(p, lr=0.02, betas=BETAS),
    "radam short": lambda p: optim.RAdam(p, lr=0.02, betas=(single(0.8), single(0.95)), eps=single(1e-3)),
    "nadam decoupled": lambda p: optim.NAdam(
        p, lr=0.01, betas=BETAS, weight_decay=0.1, decoupled_weight_decay=True
    ),
    "radam decoupled": lambda p: optim.RAdam(
        p, lr=0.02, betas=BETAS, weight_decay=0.1, decoupled_weight_decay=True
    ),
    "amsgrad decoupled": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1, amsgrad=True),
    "schedule free": lambda p: ScheduleFreeAdamW(p, lr=0.01, weight_decay=0.1),
    "schedule free with warm-up": lambda p: ScheduleFreeAdamW(p, lr=0.02, warmup=40),
    "adamw by kind": lambda p: optim.AdamW(weights_and_biases(p), lr=0.01, weight_decay=0.1),
    "momentum by layer": lambda p: optim.SGD(layers(p), lr=0.05, momentum=0.9),
}

if __name__ == "__main__":
    lines = [
        '"torch": ' + json.dumps(torch.__version__),
        '"inputs": ' + json.dumps(INPUTS),
        '"classes": ' + json.dumps(CLASSES),
        '"initial": ' + json.dumps(INITIAL),
    ]
    found = {name: run(make) for name, make in RUNS.items()}
    # Not for longer: near the minimum the signs of gradients are those of rounding errors.
    found["rprop"] = run(lambda p: optim.Rprop(p, lr=0.01), [step for step in CHECKED if step <= 30])
    found["asgd average"] = run(RUNS["asgd"], seen=lambda optimizer, p: optimizer.state[p]["ax"])
    for name in ["schedule free", "schedule free with warm-up"]:
        found[name + " average"] = run(RUNS[name], seen=lambda optimizer, p: optimizer.state[p]["x"])
    runs = [json.dumps(name) + ": " + json.dumps(values) for name, values in found.items()]
    print("{" + ",\n".join(lines) + ',\n"runs": {\n' + ",\n".join(runs) + "\n}}")
