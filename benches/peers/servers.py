"""The servers that are measured: how each is started, asked and stopped, and how much memory it takes."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import facts
from client import HOST, Answer, Connection
from programs import MIB, OTHERS, Failed, can

OURS = "iiif-server"
IIPSRV = "iipsrv"
IIIF_PROCESSOR = "iiif-processor"

IIPSRV_PROGRAM = pathlib.Path("/usr/lib/iipimage-server/iipsrv.fcgi")
JPEG_QUALITY = 80
"""That of ours and of sharp, where nothing else is said."""

STARTED_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10
LOOK_AGAIN_SECONDS = 0.0005

WARM = "warm.tif"
"""The image that each server is asked for before anything is timed."""


@dataclasses.dataclass(frozen=True)
class Server:
    """How a server is started."""

    name: str
    command: Callable[[int, pathlib.Path, pathlib.Path], list[str]]
    """Of a port, the folder of images, and a folder for what it writes."""
    prefix: str
    """What stands before identifiers."""
    version: str
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    reads: tuple[str, ...] = ("jpg", "tif")

    @contextlib.contextmanager
    def running(self, images: pathlib.Path, work: pathlib.Path) -> Iterator["Running"]:
        """Starts the server, waits for its first answer, and stops it with all of its processes."""
        port, own = free_port(), work / self.name
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        command = self.command(port, images, own)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IIIF_")}
        with (own / "log").open("wb") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=kept | self.variables, start_new_session=True
            )
        try:
            first_answer(process, port, f"{self.prefix}{WARM}/info.json", own / "log")
            yield Running(self, process.pid, port, (time.perf_counter() - started) * 1e3)
        finally:
            stop(process)


@dataclasses.dataclass(frozen=True)
class Running:
    """A server that runs."""

    server: Server
    pid: int
    port: int
    started_ms: float
    """From the start of its process to the end of its first answer."""

    def path(self, image: str, rest: str) -> str:
        return f"{self.server.prefix}{image}/{rest}"

    def processes(self) -> list[int]:
        """Returns the process and all that it started."""
        found = [self.pid]
        for pid in found:
            found += map(int, facts.read(f"/proc/{pid}/task/{pid}/children").split())
        return found

    def rss_mib(self) -> float:
        return self.memory("VmRSS")

    def peak_mib(self) -> float:
        return self.memory("VmHWM")

    def memory(self, field: str) -> float:
        """Returns a figure of the kernel, added up over the processes. What they share is counted in each."""
        lines = (line.split() for pid in self.processes() for line in facts.read(f"/proc/{pid}/status").splitlines())
        # Linux counts in KiB.
        return sum(int(words[1]) for words in lines if words and words[0] == f"{field}:") * 1024 / MIB


def first_answer(process: subprocess.Popen, port: int, path: str, log: pathlib.Path) -> Answer:
    end = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise Failed(f"the server ended with {process.returncode}: {said[-1]}")
        try:
            with Connection(port) as connection:
                answer = connection.get(path)
        except ConnectionRefusedError:
            time.sleep(LOOK_AGAIN_SECONDS)
            continue
        if answer.status != 200:
            raise Failed(f"`{path}` was answered with {answer.status}")
        return answer
    raise Failed(f"nothing answered within {STARTED_WITHIN_SECONDS} seconds")


def stop(process: subprocess.Popen) -> None:
    """Ends the group of processes that was started, kindly first."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOPPED_WITHIN_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def ours(program: pathlib.Path, name: str = OURS, flags: tuple[str, ...] = ()) -> Server:
    """Returns a build of iiif-server, as it is without a config."""
    program = program.resolve()

    def command(port: int, images: pathlib.Path, _work: pathlib.Path) -> list[str]:
        uris = ["-server-uri", f"http://{HOST}:{port}", "-config-images-source-uri", images.as_uri()]
        return [str(program), *uris, *flags]

    return Server(name, command, "/iiif/3/", facts.said([str(program), "-version"]))


def reading(server: Server, bucket: str) -> Server:
    """Returns ours with the images of a bucket."""

    def command(port: int, images: pathlib.Path, work: pathlib.Path) -> list[str]:
        words = server.command(port, images, work)
        words[words.index(images.as_uri())] = bucket
        return words

    return dataclasses.replace(server, command=command)


@contextlib.contextmanager
def bucket_far_away(folder: pathlib.Path, milliseconds: int) -> Iterator[str]:
    """Serves the files of a folder, each read so much later, and yields the URI."""
    command = [sys.executable, str(OTHERS / "late_files.py"), str(milliseconds), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            uri = process.stdout.readline().strip()
            if not uri:
                raise Failed("late_files.py said no URI")
            yield uri
        finally:
            process.terminate()


def iipsrv() -> Server:
    """Returns iipimage-server behind lighttpd; fails where one of both is missing."""
    lighttpd = shutil.which("lighttpd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if lighttpd is None or not IIPSRV_PROGRAM.exists():
        raise Failed(f"lighttpd or {IIPSRV_PROGRAM} is missing; apt-get install lighttpd iipimage-server")

    def command(port: int, images: pathlib.Path, work: pathlib.Path) -> list[str]:
        config = work / "lighttpd.conf"
        config.write_text(lighttpd_config(port, images, work))
        return [lighttpd, "-D", "-f", str(config)]

    package = facts.said(["dpkg-query", "-W", "-f", "${Version}", "iipimage-server"])
    version = f"{package}, behind {facts.said([lighttpd, '-v']).split(' ')[0]}"
    return Server(IIPSRV, command, "/iiif/", version, reads=("tif",))


def lighttpd_config(port: int, images: pathlib.Path, work: pathlib.Path) -> str:
    """As in the README of iipimage-server, with a process for each core and connections that stay open."""
    variables = {
        "VERBOSITY": "0",
        "LOGFILE": "/dev/null",
        "FILESYSTEM_PREFIX": f"{images}/",
        "URI_MAP": "iiif=>IIIF",
        "JPEG_QUALITY": str(JPEG_QUALITY),
    }
    environment = ", ".join(f'"{name}" => "{value}"' for name, value in variables.items())
    return f"""\
server.modules = ("mod_fastcgi")
server.document-root = "{images}"
server.bind = "{HOST}"
server.port = {port}
server.max-keep-alive-requests = 1000000
server.max-keep-alive-idle = 60
fastcgi.server = ("/" => ((
  "socket" => "{work}/socket",
  "bin-path" => "{IIPSRV_PROGRAM}",
  "check-local" => "disable",
  "max-procs" => {os.cpu_count()},
  "bin-environment" => ({environment})
)))
"""


def iiif_processor(folder: pathlib.Path) -> Server:
    """Returns a server of iiif-processor with sharp; fails where install.py could not install it."""
    modules = folder.resolve() / "node_modules"
    variables = {"NODE_PATH": str(modules)}
    if not can(["node", "-e", "require('iiif-processor')"], variables):
        raise Failed("iiif-processor is missing; install Node and npm, and run benches/peers/install.py")

    def command(port: int, images: pathlib.Path, _work: pathlib.Path) -> list[str]:
        return ["node", str(OTHERS / "iiif-processor.cjs"), str(port), str(images)]

    def version(package: str) -> str:
        return json.loads((modules / package / "package.json").read_text())["version"]

    said = f"{version('iiif-processor')}, with sharp {version('sharp')} in Node {facts.said(['node', '--version'])}"
    return Server(IIIF_PROCESSOR, command, "/iiif/3/", said, variables)
