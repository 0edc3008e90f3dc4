"""The targets that are no microcontroller of Arm: AArch64, WebAssembly, RISC-V."""

import re
import subprocess

from .toolchain import FIRMWARE, ROOT, TARGETS, cargo

AARCH64 = "aarch64-unknown-linux-gnu"
WASM = "wasm32-unknown-unknown"
RISCV = "riscv32imac-unknown-none-elf"
LANE = "others"


# Tests of formulas and of what a person may pass, which no level has a hand in, and those of rules, which the
# committed hashes hold to the same bits: a third of what there is to compile.
ELSEWHERE = {"average", "batch_errors", "early_stopping", "golden", "layout", "perceptron", "rules", "scaling",
             "settings", "worked_examples"}


def check_aarch64(report):
    """The tests of femto and femto-tests that look at levels, in both classes; sweeps over shapes are thinned out."""
    tests = sorted({test.stem for test in (ROOT / "tests" / "tests").glob("*.rs")} - ELSEWHERE)
    run = cargo("test", AARCH64, "--locked", "--no-fail-fast", "-p", "femto", "-p", "femto-tests", "--lib",
                *(argument for test in tests for argument in ("--test", test)),
                # What is not under test is compiled in the shortest time.
                "--config", 'profile.dev.package."*".opt-level=0', lane=LANE, limit=2400,
                # Checks of pointers and overflows, which other runs have, would be half of what is compiled.
                extra={"FEMTO_REQUIRE": "scalar,neon", "FEMTO_EMULATED": "1", "CARGO_INCREMENTAL": "0",
                       "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_DEV_DEBUG_ASSERTIONS": "false",
                       "CARGO_PROFILE_DEV_OVERFLOW_CHECKS": "false"})
    results = re.findall(r"test result: \w+\. (\d+) passed; (\d+) failed", run.stdout)
    passed, failed = (sum(int(result[i]) for result in results) for i in (0, 1))
    ok = run.returncode == 0 and passed > 0 and failed == 0
    if not report.check("aarch64", "cargo test -p femto -p femto-tests", f"{passed} passed, {failed} failed", ok):
        print(run.stdout[-4000:])
    report.say("AArch64: tests run under qemu-aarch64")


def check_wasm(report):
    """The committed hashes in Node.js, with and without vectors."""
    for flags, levels in (("-Ctarget-feature=+simd128", "scalar,simd128"), ("-Ctarget-feature=-simd128", "scalar")):
        folder = FIRMWARE / "wasm"
        made = cargo("build", WASM, "--release", "--locked", lane=LANE, folder=folder, extra={"RUSTFLAGS": flags})
        if not report.check("wasm32", f"builds for {levels}", made.returncode == 0, made.returncode == 0):
            print(made.stdout[-4000:])
            continue
        module = TARGETS / LANE / WASM / "release" / "femto_wasm.wasm"
        run = subprocess.run(["node", str(folder / "check.mjs"), str(module), levels], capture_output=True, text=True,
                             timeout=120)
        lines = run.stdout.strip().splitlines()
        if not report.check("wasm32", f"hashes, {levels}", "; ".join(lines[-2:]), run.returncode == 0):
            print(run.stdout[-2000:], run.stderr[-2000:])
    report.say("WebAssembly: hashes compared in Node.js")


def check_riscv(report):
    made = cargo("build", RISCV, "--release", "--locked", "-p", "femto", lane=LANE)
    if not report.check("riscv32imac", "femto builds", made.returncode == 0, made.returncode == 0):
        print(made.stdout[-4000:])
    report.say("RISC-V: built")
