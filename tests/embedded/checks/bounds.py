"""Every bound that a run is held to, in one place. A figure above its bound fails the run."""

# 784-32-10, batch 1, everything included: instructions of a call as `count` prints them.
INSTRUCTIONS = {
    "inference": 74_000,
    "sgd step": 190_000,
    "adam step": 1_000_000,
    "sgd step without zeros": 215_000,
    "momentum step": 330_000,
}
# Hundredths of an instruction for each multiply-accumulate.
HUNDREDTHS_PER_MAC = {
    "matmul nn 32^3": 280,
    "matmul tn 32^3": 280,
    "matmul nt 32^3": 280,
}
# Boards that the bounds above hold for: those with a floating-point unit. The others are shown.
COUNTED_BOARDS = ("m4f", "m7", "m33", "m55")

# On the same boards: RAM that a step needs beyond weights and moments: tape, what else the optimizer holds, stack.
STEP_RAM = {"sgd step": 1024, "adam step": 1024}

# Bytes of flash (text and data) of the programs one would copy, on every board: the digits are 16,640 of them, the
# network 4,840. The M3 needs most: it unrolls as the M4F does, but calls a function for each product.
FLASH = {"infer": 36 * 1024, "exported": 36 * 1024, "train": 48 * 1024}

# Seconds that a program may run under QEMU.
QEMU_SECONDS = 120
