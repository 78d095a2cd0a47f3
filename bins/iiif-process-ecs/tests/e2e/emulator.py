"""The emulator of Lambda that comes with cargo-lambda, with our programs as its functions."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator

import moto_server
import servers

CARGO_LAMBDA = pathlib.Path(sys.executable).parent / "cargo-lambda"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a function answered, or why it failed."""

    payload: object
    error: str


class Emulator:
    """A running emulator."""

    def __init__(self, port: int, folder: pathlib.Path) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder = folder

    @contextlib.contextmanager
    def function(self, name: str, program: pathlib.Path, variables: dict[str, str]) -> Iterator[pathlib.Path]:
        """Runs a program as a function, and hands out the file of its log."""
        log = self._folder / f"{name}-{time.monotonic_ns()}.log"
        with servers.running([str(program)], log, env=self._variables(name) | variables):
            yield log
        if moto_server.SECRET in log.read_text():
            raise AssertionError(f"{program.name} logged a secret")

    def invoke(self, name: str, event: object) -> Answer:
        """Hands an event to a function: `cargo lambda invoke`."""
        payload = self._folder / f"event-{time.monotonic_ns()}.json"
        payload.write_text(json.dumps(event))
        where = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self._port)]
        command = [str(CARGO_LAMBDA), "lambda", "invoke", *where, "--data-file", str(payload), name]
        made = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, timeout=2 * servers.PATIENCE_SECONDS
        )
        if made.returncode != 0:
            return Answer(None, made.stdout + made.stderr)
        return Answer(json.loads(made.stdout), "")

    def _variables(self, name: str) -> dict[str, str]:
        """Returns what the emulator tells to set, with the name of the function."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"{self.endpoint}/.rt/{name}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
        }


@contextlib.contextmanager
def emulator(folder: pathlib.Path, functions: list[str]) -> Iterator[Emulator]:
    """Starts `cargo lambda watch` for functions that others start."""
    project(folder, functions)
    port, log = servers.free_port(), folder / "emulator.log"
    where = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    command = [str(CARGO_LAMBDA), "lambda", "watch", "--only-lambda-apis", *where]
    with servers.running(command, log, cwd=folder, env=os.environ) as process:
        servers.wait_until_listens(port, process, log)
        yield Emulator(port, folder)


def project(folder: pathlib.Path, functions: list[str]) -> None:
    """Writes a project with programs of these names: the emulator knows no functions but those of its
    project. They are never built."""
    programs = "".join(f'[[bin]]\nname = "{name}"\npath = "main.rs"\n' for name in functions)
    (folder / "Cargo.toml").write_text(f'[package]\nname = "functions"\nversion = "0.0.0"\n{programs}[workspace]\n')
    (folder / "main.rs").write_text("fn main() {}\n")
