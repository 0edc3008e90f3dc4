"""Builds the firmware, runs it in QEMU, and checks what it prints and what is in it."""

import re
import subprocess
from typing import NamedTuple

from . import bounds, elf
from .toolchain import FIRMWARE, TARGETS, cargo

LANE = "firmware"


class Board(NamedTuple):
    name: str
    core: str
    target: str
    memory_map: str  # a file of boards/
    machine: str  # of QEMU
    programs: tuple


ALL = ("infer", "exported", "train", "budget", "slices", "hashes", "resume", "count", "proof")
# Without an FPU a training takes minutes of emulation: the thousand steps of `hashes` say what `resume` would.
SLOW = ("infer", "exported", "train", "budget", "slices", "hashes", "count", "proof")
# What another board with the same target has shown is not shown again.
AGAIN = ("infer", "exported", "train", "budget", "slices", "hashes", "count")
# What fits 16 KB of RAM.
SMALL = ("infer", "exported", "train", "budget")

BOARDS = (
    Board("m4f", "Cortex-M4F", "thumbv7em-none-eabihf", "mps2", "mps2-an386", ALL),
    Board("m7", "Cortex-M7", "thumbv7em-none-eabihf", "mps2", "mps2-an500", AGAIN),
    Board("m33", "Cortex-M33", "thumbv8m.main-none-eabihf", "mps2-an505", "mps2-an505", ALL),
    Board("m55", "Cortex-M55", "thumbv8m.main-none-eabihf", "mps3-an547", "mps3-an547", AGAIN),
    Board("m3", "Cortex-M3", "thumbv7m-none-eabi", "mps2", "mps2-an385", SLOW),
    # No board of QEMU has an M0 with memory enough for the whole: an M3 runs the M0's code.
    Board("m0", "Cortex-M0 code", "thumbv6m-none-eabi", "mps2", "mps2-an385", SLOW),
    Board("microbit", "Cortex-M0", "thumbv6m-none-eabi", "microbit", "microbit", SMALL),
)

# The programs that hold nothing but femto, what a product would copy, and integers printed. (`hashes` and `resume` read
# a text file, and the standard library's text functions hold panics.)
PANIC_FREE = ("infer", "exported", "train", "budget", "slices", "count", "proof")

# Those whose clock must count instructions, so that what they measure is the same each time.
COUNTING = ("slices", "count")


def targets(boards):
    return {board.target for board in boards}


def image_path(target, program):
    return TARGETS / LANE / target / "release" / program


def qemu(board, program, counting=False):
    """The QEMU command that runs a program on a board."""
    line = ["qemu-system-arm", "-machine", board.machine, "-nographic", "-monitor", "none",
            "-semihosting-config", "enable=on,target=native", "-kernel", str(image_path(board.target, program))]
    # Without a clock that counts instructions QEMU is several times as fast.
    return line + (["-icount", "shift=5"] if counting else [])


def build(board, *arguments):
    return cargo("build", board.target, "--release", "--locked", *arguments, lane=LANE, folder=FIRMWARE,
                 extra={"FEMTO_BOARD": board.memory_map})


def check_boards(report, boards):
    built = {}
    for board in boards:
        key = (board.target, board.memory_map)
        if key not in built:
            built = {key: build(board, *(word for p in board.programs for word in ("--bin", p)))}
            report.say(f"{board.core}: built for {board.target}, {board.memory_map}")
        made = built[key]
        if not report.check(board.name, "firmware builds", made.returncode == 0, made.returncode == 0):
            print(made.stdout[-4000:])
            continue
        for program in board.programs:
            check_run(report, board, program)
            check_image(report, board, program)
        report.say(f"{board.core}: {len(board.programs)} programs run on {board.machine}")


def check_run(report, board, program):
    """Runs a program, which ends with status 0 where all it checks is so, and holds its figures to their bounds."""
    try:
        run = subprocess.run(qemu(board, program, program in COUNTING), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=bounds.QEMU_SECONDS)
        status, output = run.returncode, run.stdout
    except subprocess.TimeoutExpired as late:
        status, output = "too late", (late.stdout or b"").decode(errors="replace")
    lines = output.strip().splitlines()
    if not report.check(board.name, program, f"status {status}", status == 0):
        print("\n".join(lines[-20:]))
    if program == "count":
        check_counts(report, board, output)
    elif program == "budget":
        for name, found, stated in re.findall(r"^stack of (.*): (\d+) of (\d+) B$", output, re.M):
            report.at_most(board.name, f"stack of {name}, B", int(found), int(stated))
    elif program == "hashes":
        agree = re.search(r"(\d+) of (\d+) hashes agree", output)
        report.check(board.name, "hashes", agree.group(0) if agree else "none", agree and agree[1] == agree[2])
    elif program in ("infer", "exported", "train") and lines:
        report.show(board.name, program, lines[-1])
    elif program == "slices":
        for what, blocked, longest in re.findall(r"^(.*): (\d+) ticks in one go, longest slice (\d+);", output, re.M):
            report.show(board.name, f"{what}: longest slice", f"{100 * int(longest) / int(blocked):.1f} % of one go")


def check_counts(report, board, output):
    calls = re.findall(r"^(.*): (\d+) instructions, (\d+)\.(\d+) per mac, (\d+) B stack$", output, re.M)
    other = re.search(r"^tape: (\d+) B\noptimizer beyond moments: sgd (\d+) B, adam (\d+) B$", output, re.M)
    if not report.check(board.name, "figures of count", len(calls), len(calls) == 8 and other is not None, "8"):
        return
    tape, sgd, adam = map(int, other.groups())
    for name, instructions, whole, part, stack in calls:
        held = board.name in bounds.COUNTED_BOARDS
        per_mac = f"{whole}.{part}"
        if held and name in bounds.INSTRUCTIONS:
            report.at_most(board.name, f"{name}, instructions", int(instructions), bounds.INSTRUCTIONS[name])
        elif held and name in bounds.HUNDREDTHS_PER_MAC:
            bound = bounds.HUNDREDTHS_PER_MAC[name]
            report.check(board.name, f"{name}, instructions per mac", per_mac, int(whole + part) <= bound,
                         f"<= {bound / 100:.2f}")
        else:
            report.show(board.name, f"{name}, instructions", f"{int(instructions):,} ({per_mac} per mac)")
        if name in bounds.STEP_RAM:
            beyond = tape + int(stack) + (sgd if name.startswith("sgd") else adam)
            what = f"{name}, RAM beyond weights and moments, B"
            if held:
                report.at_most(board.name, what, beyond, bounds.STEP_RAM[name])
            else:
                report.show(board.name, what, beyond)


def check_image(report, board, program):
    image = elf.Image(image_path(board.target, program))
    sizes = image.sizes()
    what = f"{program}: text {sizes.text:,}, data {sizes.data:,}, bss {sizes.bss:,}; flash"
    if program in bounds.FLASH:
        report.at_most(board.name, what, sizes.text + sizes.data, bounds.FLASH[program])
    else:
        report.show(board.name, what, f"{sizes.text + sizes.data:,}")
    rules = [("an allocator", elf.ALLOCATOR), ("software double precision", elf.SOFT_DOUBLE)]
    if program in PANIC_FREE:
        rules.append(("core::panicking", elf.PANIC))
    for rule, parts in rules:
        found = image.holding(parts)
        if found:
            report.check(board.name, f"{program}: without {rule}", ", ".join(found[:3]), False)
    if not any(image.holding(parts) for _, parts in rules):
        report.check(board.name, f"{program}: without {', '.join(rule for rule, _ in rules)}", True, True)


def check_planted(report, board):
    """Shows that the checks can fail: a planted panic does not link, and planted symbols are found."""
    linked = build(board, "--bin", "proof", "--features", "plant")
    refused = linked.returncode != 0 and "femto_must_not_panic" in linked.stdout
    if not report.check(board.name, "proof with a planted panic does not link", refused, refused):
        print(linked.stdout[-2000:])
    made = build(board, "--bin", "planted", "--features", "plant")
    if not report.check(board.name, "planted builds", made.returncode == 0, made.returncode == 0):
        print(made.stdout[-2000:])
        return
    image = elf.Image(image_path(board.target, "planted"))
    for rule, parts in (("panic", elf.PANIC), ("allocator", elf.ALLOCATOR), ("double precision", elf.SOFT_DOUBLE)):
        found = image.holding(parts)
        report.check(board.name, f"planted {rule} is found", len(found), bool(found), "> 0")
