"""What all tests have: a folder of their own, and a moto."""

import pathlib
import tempfile
import unittest

import moto_server


class AwsCase(unittest.TestCase):
    """Tests that share a moto, which forgets between them what it was asked for."""

    folder: pathlib.Path
    moto: moto_server.Moto
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="iiif-e2e-")
        cls.folder = pathlib.Path(cls.enterClassContext(folder))
        cls.moto = cls.enterClassContext(moto_server.moto(cls.folder))

    def setUp(self) -> None:
        self.moto.forget()
