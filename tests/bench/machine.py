"""What else the machine does, and what single processes cost, from /proc."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from tests.statefulset import process

TICKS: Final = os.sysconf("SC_CLK_TCK")


def busy(seconds: float) -> float:
    """Return how many processors were busy over the next so many seconds."""
    before, began = _spent(), time.monotonic()
    time.sleep(seconds)
    return (_spent() - before) / (time.monotonic() - began)


def _spent() -> float:
    """Seconds that all processors together were busy; what a hypervisor took away counts."""
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


def cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> tuple[float, float]:
    """Return the resident set (VmRSS) and the proportional set (PSS) of a process in MiB."""
    status = _kilobytes(Path(f"/proc/{pid}/status"))
    rollup = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"))
    return status["VmRSS"] / 1024, rollup["Pss"] / 1024


def _kilobytes(file: Path) -> dict[str, int]:
    pairs = (line.split(":", 1) for line in file.read_text().splitlines() if line.endswith(" kB"))
    return {name: int(value.split()[0]) for name, value in pairs}


def spin(folder: Path) -> process.Child:
    """Start a process that keeps one processor busy."""
    out = folder / "spinning.out"
    command = [sys.executable, "-c", "while True: pass"]
    return process.Child(command, env={}, cwd=folder, out=out, err=out)


def describe() -> str:
    """Return the processors of this machine in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {models[0] if models else 'model unknown'}"
