"""Finds what builds and runs programs for other targets: rustup's targets, or Debian's compiler with `core` from source.

Nothing here changes the installation of Rust; missing Debian packages are installed where the user may.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FIRMWARE = ROOT / "tests" / "embedded"
TARGETS = ROOT / "target" / "embedded"

DEBIAN_RUST = {"/usr/bin/rustc": "rustc-web", "/usr/bin/cargo": "cargo-web", "/usr/lib/rustlib/src/rust": "rust-web-src"}
# What the targets that begin so need: commands or files, and the package that has each.
NEEDED = {
    "thumb": {"qemu-system-arm": "qemu-system-arm"},
    "aarch64": {"qemu-aarch64": "qemu-user", "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
                "/usr/aarch64-linux-gnu/lib/libc.so": "libc6-dev-arm64-cross"},
    "wasm": {"node": "nodejs"},
}


def installed_targets():
    """The targets of the active rustup toolchain; none without rustup."""
    if shutil.which("rustup") is None:
        return set()
    listed = subprocess.run(["rustup", "target", "list", "--installed"], capture_output=True, text=True, cwd=ROOT)
    return set(listed.stdout.split()) if listed.returncode == 0 else set()


RUSTUP_TARGETS = installed_targets()


def require_packages(targets):
    """Installs what is missing as root, else says what to install and ends the run."""
    needed = {}
    for start, what in NEEDED.items():
        if any(target.startswith(start) for target in targets):
            needed |= what
    if not set(targets) <= RUSTUP_TARGETS:
        needed |= DEBIAN_RUST | {"ld.lld": "lld"}
    found = lambda what: os.path.exists(what) if what.startswith("/") else shutil.which(what)
    missing = sorted({package for what, package in needed.items() if not found(what)})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"missing: {' '.join(missing)}\ninstall them: sudo apt-get install {' '.join(missing)}")
    print("installing:", *missing, flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True, **quiet)


def environment(target):
    """The environment of cargo for a target, and the command that begins with."""
    env = dict(os.environ)
    # What a cargo that called this script leaves behind for its own children.
    for name in ("CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "LD_LIBRARY_PATH", "CARGO_ENCODED_RUSTFLAGS",
                 "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "CARGO_BUILD_RUSTFLAGS", "FEMTO_BOARD", "FEMTO_REQUIRE"):
        env.pop(name, None)
    variable = "CARGO_TARGET_" + target.upper().replace("-", "_").replace(".", "_")
    if target.startswith("aarch64"):
        env[f"{variable}_LINKER"] = "aarch64-linux-gnu-gcc"
        env[f"{variable}_RUNNER"] = "qemu-aarch64 -L /usr/aarch64-linux-gnu"
    if target in RUSTUP_TARGETS:
        return env, ["cargo"]
    env.pop("RUSTUP_TOOLCHAIN", None)
    # RUSTC_BOOTSTRAP allows build-std on a stable compiler; the crates themselves use no unstable feature.
    env |= {"PATH": "/usr/bin:" + env.get("PATH", ""), "RUSTC": "/usr/bin/rustc", "RUSTDOC": "/usr/bin/rustdoc",
            "RUSTC_BOOTSTRAP": "1"}
    if not target.startswith("aarch64"):
        env[f"{variable}_LINKER"] = "wasm-ld" if target.startswith("wasm") else "ld.lld"
    return env, ["/usr/bin/cargo"]


def cargo(command, target, *arguments, lane, folder=ROOT, limit=600, extra=None):
    """Runs `cargo command` for a target and returns the finished process. Runs of one lane share what they build."""
    env, start = environment(target)
    std = [] if target in RUSTUP_TARGETS else ["-Zbuild-std" + ("" if target.startswith("aarch64") else "=core")]
    line = [*start, command, *std, "--target", target, "--target-dir", str(TARGETS / lane), *arguments]
    try:
        return subprocess.run(line, cwd=folder, env=env | (extra or {}), timeout=limit, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as late:
        output = late.stdout.decode(errors="replace") if late.stdout else ""
        return subprocess.CompletedProcess(line, 124, f"{output}\nstopped after {limit} s")
