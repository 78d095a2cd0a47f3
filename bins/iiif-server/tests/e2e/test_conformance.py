"""The official validator against the server."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import image_server

try:
    # The validator loads it for some of its tests, and fails at once where it cannot.
    import magic  # noqa: F401
except ImportError as error:
    raise RuntimeError(
        "the validator needs libmagic, which is not installed: make deps, or apt-get install libmagic1, "
        "or brew install libmagic"
    ) from error

import pictures

VALIDATOR = pathlib.Path(sys.executable).with_name("iiif-validate.py")
TIMEOUT_SECONDS = 300

NAME = "67352ccc-d1b0-11e1-89ae-279075081939"
IDENTIFIERS = [f"{NAME}.png", f"{NAME}.tif"]

RESULT = re.compile(r"^\[\d+\] test (\w+) (PASS|FAIL)$", re.MULTILINE)
END = re.compile(r"^Done \((\d+) tests, (\d+) failures\)$", re.MULTILINE)

DEFECTS = {"format_jp2", "format_pdf", "format_webp"}
"""Tests that no server passes: two ask another library for the kind of a file than the validator
installs, one compares bytes with a text."""

DEFECTS_OF_3 = DEFECTS | {"size_up"}
"""Asks `^max` of 3.0 to be the size of the image, and `^pct:200` to be twice that."""


class ConformanceTest(unittest.TestCase):
    """Runs of the validator, with the picture that it expects as a PNG and as a pyramid of tiles."""

    server: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="iiif-e2e-")))
        images = folder / "images"
        images.mkdir()
        picture = pictures.of_the_validator()
        picture.save(images / f"{NAME}.png")
        pictures.write_pyramid(picture, images / f"{NAME}.tif")
        cls.server = cls.enterClassContext(image_server.serving(images, folder / "server.log"))

    def check(self, version: str, level: int, tests: int, failing: set[str]) -> None:
        """Fails unless that many tests were run, and of them exactly these failed."""
        for identifier in IDENTIFIERS:
            with self.subTest(identifier=identifier):
                run = subprocess.run(
                    [sys.executable, VALIDATOR, "--server", self.server, "--prefix", f"iiif/{version[0]}"]
                    + ["--identifier", identifier, "--version", version, "--level", str(level)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT_SECONDS,
                )
                # It writes to stderr alone, and ends with the number of what failed.
                results = dict(RESULT.findall(run.stderr))
                self.assertEqual({name for name, result in results.items() if result == "FAIL"}, failing, run.stderr)
                self.assertEqual(len(results), tests, run.stderr)
                self.assertEqual(END.findall(run.stderr), [(str(tests), str(len(failing)))], run.stderr)
                self.assertEqual(run.returncode, len(failing), run.stderr)

    def test_level_2_of_2_holds(self) -> None:
        self.check("2.0", 2, 30, set())

    def test_level_2_of_3_holds(self) -> None:
        self.check("3.0", 2, 33, set())

    def test_of_all_of_2_only_defects_of_the_validator_fail(self) -> None:
        self.check("2.0", 3, 42, DEFECTS)

    def test_of_all_of_3_only_defects_of_the_validator_fail(self) -> None:
        self.check("3.0", 3, 45, DEFECTS_OF_3)
