"""Servers that are started for tests, and stopped whatever becomes of these."""

import atexit
import contextlib
import http.server
import pathlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Self

PATIENCE_SECONDS = 60
"""How long is waited for what takes a second; a machine may be busy."""

# By default this process would end without stopping the servers. Of all exceptions, tests pass on only this one.
signal.signal(signal.SIGTERM, signal.default_int_handler)


class Local(http.server.ThreadingHTTPServer):
    """A server of this process, on a free port of the loopback device, that runs as long as a `with` does."""

    daemon_threads = True

    def __init__(self, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def free_port() -> int:
    """Returns a port of the loopback device that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process: subprocess.Popen) -> None:
    """Ends a process that this one started, if it still runs."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(command: list[str], log: pathlib.Path, **options) -> Iterator[subprocess.Popen]:
    """Starts a process whose output goes to a file, and stops it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )
    # Not every way out of a test leads through here: an interrupted one leads through `atexit` only.
    atexit.register(stop, process)
    try:
        yield process
    finally:
        stop(process)


def wait_until_listens(port: int, process: subprocess.Popen, log: pathlib.Path) -> None:
    """Waits until a server can be connected to."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}: {log.read_text()}")
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens at port {port}: {log.read_text()}")
