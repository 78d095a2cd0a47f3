"""Installs libvips, Pillow, sharp and iiif-processor for the comparisons: `install.py FOLDER`.

What cannot be installed, for want of a network, of Python's venv or of Node, is said and left out;
measure.py and measure_server.py then report it as not measured.
"""

import pathlib
import shutil
import subprocess
import sys

PACKAGES = ["pyvips", "pyvips-binary", "pillow"]
# Installed at once, as npm takes away what it was not asked for.
NODE_PACKAGES = ["sharp", "iiif-processor"]


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
        quiet = ["--silent", "--no-save", "--no-fund", "--no-audit"]
        attempt(" and ".join(NODE_PACKAGES), ["npm", "install", *quiet, "--prefix", str(folder), *NODE_PACKAGES])
    else:
        print(f"{' and '.join(NODE_PACKAGES)} will not be measured: npm is not installed", file=sys.stderr)


def attempt(what: str, command: list[str]) -> None:
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        print(f"{what} could not be installed and will not be measured", file=sys.stderr)


if __name__ == "__main__":
    main()
