"""The programs as `make test` built them, run as a user runs them."""

import dataclasses
import os
import pathlib
import subprocess

import moto_server

ROOT = pathlib.Path(__file__).parents[4]
FOLDER = pathlib.Path(os.environ["E2E_PROGRAMS"]).resolve()
IIIF_PROCESS = FOLDER / "iiif-process"
IIIF_PROCESS_ECS = FOLDER / "iiif-process-ecs"

TIMEOUT_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of a program said."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Everything, for the messages of failures."""
        return f"exit code {self.code}\n{self.stdout}\n{self.stderr}"


def run(program: pathlib.Path, args: list[str], variables: dict[str, str] | None = None, argv0: str | None = None) -> Run:
    """Runs a program to its end with these variables and no others; it may call itself `argv0`."""
    made = subprocess.run(
        [argv0 or str(program), *args],
        executable=program,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env=variables or {},
    )
    if moto_server.SECRET in made.stdout + made.stderr:
        raise AssertionError(f"{program.name} showed a secret")
    return Run(made.returncode, made.stdout, made.stderr)
