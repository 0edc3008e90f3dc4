"""The network, the batch and the steps that the goldens of all optimizers have in common."""

import torch

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
