#!/usr/bin/env python3
"""Writes tensor_optimizers.json: what optimizers that look at whole tensors make of a small network in 100 steps.

    python3 tests/golden/tensor_optimizers.py > tests/golden/tensor_optimizers.json

Needs PyTorch (2.9 or newer, on the processor). In double precision, so that the file holds what the
rules say and not how one machine rounds. std-ext/tests/tensor_optimizers.rs compares femto-std with it.

The network is 4-6-3, tanh between the layers, mean cross-entropy over twelve rows, always the same
batch. Parameters lie in the file as femto has them: weights (inputs x outputs), biases, layer by layer;
here weights are outputs x inputs, as PyTorch's Linear has them, for Muon looks at the shape.
"""

import importlib
import json

import torch

from network import CHECKED, CLASSES, INITIAL, INPUTS, SHAPES

torch.set_default_dtype(torch.float64)
# The penalty on weights in the runs of L-BFGS, without which the loss has no minimum.
L2 = 0.02


def parameters_at_start():
    parameters, at = [], 0
    for shape in SHAPES:
        length = torch.Size(shape).numel()
        values = torch.tensor(INITIAL[at : at + length]).reshape(shape)
        parameters.append(values.T.contiguous().requires_grad_() if len(shape) == 2 else values.requires_grad_())
        at += length
    return parameters


def as_femto_has_it(p):
    return (p.T if p.ndim == 2 else p).flatten().tolist()


def objective(parameters, l2):
    w1, b1, w2, b2 = parameters
    logits = torch.tanh(torch.tensor(INPUTS) @ w1.T + b1) @ w2.T + b2
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(CLASSES))
    return loss + l2 / 2 * (w1.square().sum() + w2.square().sum())


def run(make, checked=CHECKED, l2=0.0):
    parameters = parameters_at_start()
    optimizers = make(parameters)
    found = {}
    for step in range(1, max(checked) + 1):

        def closure():
            for p in parameters:
                p.grad = None
            loss = objective(parameters, l2)
            loss.backward()
            return loss

        if len(optimizers) == 1:
            optimizers[0].step(closure)
        else:
            closure()
            for optimizer in optimizers:
                optimizer.step()
        if step in checked:
            found[step] = [round(x, 9) for p in parameters for x in as_femto_has_it(p.detach())]
    return found


class Lamb(torch.optim.Optimizer):
    """You et al., 2020, algorithm 2, with the trust ratio of Optax; PyTorch has none."""

    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                kept = self.state[p]
                t = kept["t"] = kept.get("t", 0) + 1
                m = kept.setdefault("m", torch.zeros_like(p))
                v = kept.setdefault("v", torch.zeros_like(p))
                m.mul_(b1).add_(p.grad, alpha=1 - b1)
                v.mul_(b2).add_(p.grad.square(), alpha=1 - b2)
                update = m / (1 - b1**t) / ((v / (1 - b2**t)).sqrt() + group["eps"]) + group["weight_decay"] * p
                norms = p.norm().item(), update.norm().item()
                ratio = norms[0] / norms[1] if min(norms) > 0 else 1.0
                p.sub_(group["lr"] * ratio * update)


class Lars(torch.optim.Optimizer):
    """You, Gitman and Ginsburg, 2017, algorithm 1; PyTorch has none."""

    def __init__(self, parameters, lr, momentum=0.9, weight_decay=0.0, trust=0.001):
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            closure()
        for group in self.param_groups:
            decay = group["weight_decay"]
            for p in group["params"]:
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                w, g = p.norm().item(), p.grad.norm().item()
                ratio = group["trust"] * w / (g + decay * w) if min(w, g) > 0 else 1.0
                v.mul_(group["momentum"]).add_(p.grad + decay * p, alpha=group["lr"] * ratio)
                p.sub_(v)


optim = torch.optim
muon_module = importlib.import_module("torch.optim._muon")
in_bfloat16 = muon_module._zeropower_via_newtonschulz


def in_double_precision(grad, ns_coefficients, ns_steps, eps):
    """PyTorch's function of this name without the conversion to bfloat16."""
    a, b, c = ns_coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(ns_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


def muon(decay=0.0, newton_schulz=in_double_precision, **settings):
    def make(parameters):
        muon_module._zeropower_via_newtonschulz = newton_schulz
        matrices = [p for p in parameters if p.ndim == 2]
        vectors = [p for p in parameters if p.ndim == 1]
        return [optim.Muon(matrices, **settings), optim.AdamW(vectors, lr=0.01, weight_decay=decay)]

    return make


# What `None` means for f32.
EPS1 = 2.0**-23
LBFGS_STEPS = {"checked": [1, 2, 3, 5, 10], "l2": L2}
RUNS = {
    "lamb": (lambda p: [Lamb(p, lr=0.01)], {}),
    "lamb with decay": (lambda p: [Lamb(p, lr=0.01, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1)], {}),
    "lars": (lambda p: [Lars(p, lr=2.0)], {}),
    "lars with decay": (lambda p: [Lars(p, lr=0.5, momentum=0.8, weight_decay=0.05, trust=0.02)], {}),
    # With twice the rate a run of PyTorch in single precision is 5e-4 away from this one after 100 steps.
    "adafactor": (lambda p: [optim.Adafactor(p, lr=0.01, eps=(EPS1, 1e-3))], {}),
    "adafactor with decay": (
        lambda p: [optim.Adafactor(p, lr=0.3, beta2_decay=-0.5, eps=(0.1, 0.7), weight_decay=0.02)],
        {},
    ),
    "muon": (muon(lr=0.02), {}),
    "muon of AdamW's size": (
        muon(lr=0.02, decay=0.1, nesterov=False, momentum=0.9, weight_decay=0.2, adjust_lr_fn="match_rms_adamw"),
        {},
    ),
    "muon unclamped": (
        muon(lr=0.02, ns_coefficients=(2.0, -1.5, 0.5), ns_steps=4, eps=0.5, adjust_lr_fn="spectral_unclamped"),
        {},
    ),
    "muon in bfloat16": (muon(lr=0.02, newton_schulz=in_bfloat16), {}),
    "lbfgs": (lambda p: [optim.LBFGS(p, lr=0.5, max_iter=2, max_eval=20, history_size=10)], LBFGS_STEPS),
    "lbfgs with line search": (
        # Ten times too far, so that there is something to search for.
        lambda p: [optim.LBFGS(p, lr=10, max_iter=2, max_eval=20, line_search_fn="strong_wolfe")],
        LBFGS_STEPS,
    ),
    "lbfgs to the end": (
        lambda p: [optim.LBFGS(p, max_iter=1000, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe")],
        {"checked": [1], "l2": L2},
    ),
}

if __name__ == "__main__":
    lines = [
        '"inputs": ' + json.dumps(INPUTS),
        '"classes": ' + json.dumps(CLASSES),
        '"initial": ' + json.dumps(INITIAL),
        '"l2": ' + json.dumps(L2),
    ]
    runs = [json.dumps(name) + ": " + json.dumps(run(make, **how)) for name, (make, how) in RUNS.items()]
    print("{" + ",\n".join(lines) + ',\n"runs": {\n' + ",\n".join(runs) + "\n}}")
