"""The server as `make test` built it, over a folder or a bucket of images."""

import contextlib
import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Iterator

import servers

PROGRAM = pathlib.Path(os.environ["E2E_PROGRAMS"]).resolve() / "iiif-server"


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server."""

    authority: str
    """Its host and port."""

    process: subprocess.Popen

    def peak_bytes(self) -> int | None:
        """Returns the most memory that the process ever had, its program's own among it; `None` where
        the system does not tell."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return None
        (peak,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(peak) << 10


@contextlib.contextmanager
def started(
    log: pathlib.Path, *flags: str, folder: pathlib.Path, variables: dict[str, str] | None = None, parameters: str = ""
) -> Iterator[Server]:
    """Starts a server in a folder; `parameters` are those of its URI."""
    authority = f"127.0.0.1:{servers.free_port()}"
    command = [str(PROGRAM), "-server-uri", f"http://{authority}{parameters}", *flags]
    with servers.running(command, log, cwd=folder, env=variables or {}) as process:
        servers.wait_until_listens(int(authority.rpartition(":")[2]), process, log)
        yield Server(authority, process)


@contextlib.contextmanager
def serving(folder: pathlib.Path, log: pathlib.Path, *flags: str) -> Iterator[str]:
    """Serves the images of a folder, and gives the host and port."""
    with started(log, *flags, folder=folder) as server:
        yield server.authority
