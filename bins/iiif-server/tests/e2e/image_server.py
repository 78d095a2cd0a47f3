"""The server as `make test` built it, over a folder of images."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import servers

PROGRAM = pathlib.Path(os.environ["E2E_PROGRAMS"]).resolve() / "iiif-server"


@contextlib.contextmanager
def serving(folder: pathlib.Path, log: pathlib.Path, *flags: str) -> Iterator[str]:
    """Serves the images of a folder, and gives the host and port."""
    server = f"127.0.0.1:{servers.free_port()}"
    command = [str(PROGRAM), "-server-uri", f"http://{server}", *flags]
    with servers.running(command, log, cwd=folder, env={}) as process:
        servers.wait_until_listens(int(server.rpartition(":")[2]), process, log)
        yield server
