"""Installs libvips, Pillow and sharp for the comparison: `install.py FOLDER`.

What cannot be installed, for want of a network, of Python's venv or of Node, is said and left out;
measure.py then reports it as not measured.
"""

import pathlib
import shutil
import subprocess
import sys

PACKAGES = ["pyvips", "pyvips-binary", "pillow"]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        attempt("a Python environment", [sys.executable, "-m", "venv", str(folder / "venv")])
    if python.exists():
        quiet = ["--quiet", "--disable-pip-version-check"]
        attempt("libvips and Pillow", [str(python), "-m", "pip", "install", *quiet, *PACKAGES])
    if shutil.which("npm"):
        attempt("sharp", ["npm", "install", "--silent", "--no-save", "--no-fund", "--no-audit", "--prefix", str(folder), "sharp"])
    else:
        print("sharp will not be measured: npm is not installed", file=sys.stderr)


def attempt(what: str, command: list[str]) -> None:
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        print(f"{what} could not be installed and will not be measured", file=sys.stderr)


if __name__ == "__main__":
    main()
