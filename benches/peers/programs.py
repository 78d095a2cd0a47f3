"""Runs programs and reads what the system says of them: wall time, processor time, peak memory.

Ours is always timed as a whole process. The others run in a warm process of their own, whose start
and first run are not counted: the comparison that is hardest on us.

This process stays small on purpose, and imports none of the measured libraries: on Linux the peak
memory of a child is at least what its parent held when it was started.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

MIB = 1 << 20

OTHERS = pathlib.Path(__file__).parent / "others"


class Failed(Exception):
    """A program ended with an error or did not make what it was asked for."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a program."""

    wall_ms: float
    cpu_ms: float | None
    """Of all threads; None where it is not that of the measured run alone."""
    peak_mib: float
    stdout: str


def run(command: list[str], variables: dict[str, str] | None = None) -> Run:
    """Runs a command to its end; `variables` are set besides those of this process."""
    with tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=os.environ | (variables or {})
        )
        stdout = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode != 0:
            stderr.seek(0)
            said = stderr.read().decode(errors="replace").strip().splitlines() or ["nothing"]
            raise Failed(f"{pathlib.Path(command[0]).name} ended with {process.returncode}: {said[-1]}")
    # Linux counts ru_maxrss in KiB.
    return Run(wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss * 1024 / MIB, stdout.decode())


@dataclasses.dataclass(frozen=True)
class Job:
    """What our program is asked for."""

    sources: list[str]
    """Names in the bucket of sources."""
    source_uri: str
    instructions: dict | None = None
    """None is the nine built-in labels."""
    services: tuple[str, ...] = ()
    passthrough: bool = True
    flags: tuple[str, ...] = ()
    derivatives_uri: str | None = None
    """None is a folder, emptied before each run."""


class Ours:
    """A build of iiif-process."""

    def __init__(self, name: str, program: pathlib.Path, work: pathlib.Path, under: tuple[str, ...] = ()):
        self.name = name
        self.program = str(program.resolve())
        self.under = under  # a program that runs ours, such as a profiler
        self.work = work
        self.made = work / "made"

    def run(self, job: Job, variables: dict[str, str] | None = None) -> Run:
        """Runs the job in an empty folder of derivatives, and looks whether all of them are there."""
        shutil.rmtree(self.made, ignore_errors=True)
        config = self.work / "config"
        config.mkdir(parents=True, exist_ok=True)
        settings = {
            "images": {"source": {"uri": job.source_uri}},
            "derivatives": {"cache": {"uri": job.derivatives_uri or self.made.as_uri()}},
            "profile": {"services": {"enable": list(job.services)}},
            "encoding": {"passthrough": job.passthrough},
        }
        (config / "config.json").write_text(json.dumps(settings))
        command = [*self.under, self.program, "-quiet", "-config", str(config / "config.json"), *job.flags]
        if job.instructions is not None:
            (config / "instructions.json").write_text(json.dumps(job.instructions))
            command += ["-instructions", str(config / "instructions.json")]
        manifest = config / "manifest"
        manifest.write_text("".join(f"file:///{name}?target={name}\n" for name in job.sources))
        made = run([*command, "-manifest", str(manifest)], variables)
        labels = len(job.instructions) if job.instructions is not None else 9
        written = sum(len(report["uris"]) for report in json.loads(made.stdout).values())
        if written != labels * len(job.sources):
            raise Failed(f"{written} of {labels * len(job.sources)} derivatives were written")
        return made


class Peer:
    """Another program, which times itself in a warm process and prints milliseconds."""

    def __init__(self, name: str, command: list[str], work: pathlib.Path, variables: dict[str, str] | None = None):
        self.name = name
        self.command = command
        self.variables = variables or {}
        self.out = work / "peer"

    def run(self, task: str, files: list[pathlib.Path], variables: dict[str, str] | None = None) -> Run:
        """Runs a task that the script of this peer knows."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        command = [*self.command, task, str(self.out), *map(str, files)]
        made = run(command, self.variables | (variables or {}))
        return dataclasses.replace(made, wall_ms=float(made.stdout), cpu_ms=None)


def vips(folder: pathlib.Path, work: pathlib.Path) -> Peer | None:
    """Returns libvips where install.py could install it."""
    python = folder / "venv" / "bin" / "python"
    if not can([str(python), "-c", "import pyvips"]):
        return None
    return Peer("libvips", [str(python), str(OTHERS / "vips.py")], work)


def sharp(folder: pathlib.Path, work: pathlib.Path) -> Peer | None:
    """Returns sharp where install.py could install it."""
    variables = {"NODE_PATH": str(folder.resolve() / "node_modules")}
    if not can(["node", "-e", "require('sharp')"], variables):
        return None
    return Peer("sharp", ["node", str(OTHERS / "sharp.cjs")], work, variables)


def can(command: list[str], variables: dict[str, str] | None = None) -> bool:
    """Returns whether a command is there and ends well."""
    try:
        run(command, variables)
    except (OSError, Failed):
        return False
    return True
