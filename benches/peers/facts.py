"""What stands beside the figures: the machine, versions, criterion's estimates, the hottest functions."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

from cases import Bench
from programs import Failed, Job, Ours, run
from samples import Table

SAMPLES_PER_SECOND = 4999
MOST_FUNCTIONS = 15
LONGEST_NAME = 90


def machine() -> dict[str, str]:
    """Returns what decides about speed, and nothing that names the machine."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", read("/proc/meminfo"), re.MULTILINE)
    return {
        "Processor": f"{cpu.group(1).strip() if cpu else platform.processor()}, {os.cpu_count()} cores",
        "Memory": f"{int(memory.group(1)) / (1 << 20):.0f} GiB" if memory else "unknown",
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def versions(bench: Bench, python: pathlib.Path) -> dict[str, str]:
    """Returns the versions of all that was measured."""
    found = {"Commit": commit()}
    for ours in bench.ours:
        found[ours.name] = said([ours.program, "-version"])
    found["Rust"] = said(["rustc", "--version"])
    libvips = "import pyvips; print('.'.join(str(pyvips.version(part)) for part in range(3)))"
    found["libvips"] = said([str(python), "-c", libvips])
    found["Pillow"] = said([str(python), "-c", "import PIL; print(PIL.__version__)"])
    sharp = next((peer for peer in bench.peers if peer.name == "sharp"), None)
    script = "const { versions } = require('sharp'); console.log(`${versions.sharp}, with libvips ${versions.vips}`)"
    found["sharp"] = said(["node", "-e", script], sharp.variables) if sharp else "not measured"
    return found


def commit() -> str:
    """Returns the commit of the working tree, and whether something was changed since."""
    changed = said(["git", "status", "--porcelain", "--untracked-files=no"])
    return said(["git", "rev-parse", "--short=12", "HEAD"]) + (" with changes" if changed else "")


def said(command: list[str], variables: dict[str, str] | None = None) -> str:
    try:
        return run(command, variables).stdout.strip()
    except (OSError, Failed):
        return "not measured"


def read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def criterion(folder: pathlib.Path) -> Table:
    """Returns the means that criterion wrote at its last run."""
    made = Table("Criterion", ["benchmark", "mean", "95 % confidence"])
    for path in sorted(folder.glob("**/new/estimates.json")):
        mean = json.loads(path.read_text())["mean"]
        name = json.loads(path.with_name("benchmark.json").read_text())["full_id"]
        interval = mean["confidence_interval"]
        low, high = duration(interval["lower_bound"]), duration(interval["upper_bound"])
        made.rows.append([f"`{name}`", duration(mean["point_estimate"]), f"{low} to {high}"])
    return made


def duration(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def functions(bench: Bench, program: pathlib.Path, job: Job, title: str) -> Table:
    """Returns the functions in which a job spends its processor time, by `perf`."""
    recorded = str(bench.work / "perf.data")
    perf = ("perf", "record", "-q", "-F", str(SAMPLES_PER_SECOND), "-o", recorded, "--")
    Ours("profiled", program, bench.work, perf).run(job)
    report = ["perf", "report", "-i", recorded, "--stdio", "-q", "--no-children", "--sort", "symbol"]
    listed = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    made = Table(title, ["share", "function"])
    found = re.findall(r"^\s*(\d+\.\d+)%\s+\[(.)\]\s+(.+?)(?:\s+-)*\s*$", listed, re.MULTILINE)
    ours = [(float(share), f"`{short(name)}`") for share, place, name in found if place != "k"]
    system = sum(float(share) for share, place, _ in found if place == "k")
    rows = sorted([*ours, (system, "the kernel")], reverse=True)[:MOST_FUNCTIONS]
    made.rows = [[f"{share:.1f} %", name] for share, name in rows]
    return made


def short(name: str) -> str:
    """Returns a function's name without its hash and without what its generics are bound to."""
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
