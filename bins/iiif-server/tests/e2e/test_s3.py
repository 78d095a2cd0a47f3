"""Images in S3, behind a network that fails: answers are right, or errors."""

import concurrent.futures
import contextlib
import hashlib
import io
import pathlib
import tempfile
import unittest
from urllib.parse import quote, urlencode

import asking
import fault_proxy
import image_server
import moto_server
import pictures
from fault_proxy import Fault
from moto_server import REGION
from pictures import Compression

IMAGES = "scans-of-the-tests"
DERIVATIVES = "derivatives-of-the-tests"
SECRETS = [IMAGES, DERIVATIVES, moto_server.KEY_ID, moto_server.SECRET, "127.0.0.1", "s3:", "http"]
"""No error may name them."""

PYRAMID, PLAIN = "maps/pyramid.tif", "photo.jpg"
PYRAMID_SIZE, PLAIN_SIZE = (3400, 2500), (1600, 1200)

PATHS = [
    f"/iiif/{version}/{quote(name, safe='')}/{rest}"
    for version, name, rest in [
        ("3", PYRAMID, "info.json"),
        ("2", PLAIN, "info.json"),
        ("3", PYRAMID, "0,0,256,256/256,256/0/default.jpg"),
        ("3", PYRAMID, "1024,512,256,256/256,256/0/default.jpg"),
        ("3", PYRAMID, "3328,2304,72,196/72,196/0/default.jpg"),
        ("3", PYRAMID, "512,512,512,512/256,256/0/default.jpg"),
        ("2", PYRAMID, "1000,700,500,300/250,/90/gray.png"),
        ("3", PYRAMID, "full/!400,400/0/default.jpg"),
        ("3", PLAIN, "full/max/0/default.jpg"),
        ("3", PLAIN, "full/!200,200/0/default.jpg"),
        ("3", PLAIN, "full/800,/0/default.png"),
        ("2", PLAIN, "100,100,512,512/256,/0/default.jpg"),
    ]
]
TILE = PATHS[3]

AT_ONCE = 6
ROUNDS = 3
"""How often a server begins anew and everything is asked. The first finds no derivatives in their bucket, the
others find some, and the fault hits other requests."""

EVERY = 4
"""Each how many requests a fault is done to, so that no request is out of luck nine times."""

NOT_REPEATED = {Fault.UNTOLD, Fault.SHORT}
"""Of these the client hears; others are asked for again, and it does not."""

MOST_REQUESTS_OF_A_TILE = 8
MOST_SHARE_OF_A_TILE = 0.2


class S3Test(unittest.TestCase):
    """An S3 server, a proxy that fails in front of it, and what is answered where nothing fails."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="iiif-e2e-")))
        moto = cls.enterClassContext(moto_server.moto(cls.folder))
        cls.proxy = cls.enterClassContext(fault_proxy.FaultProxy(moto.port))
        cls.s3 = moto.client("s3")
        for bucket in [IMAGES, DERIVATIVES]:
            cls.s3.create_bucket(Bucket=bucket)
        pyramid, plain = cls.folder / "pyramid.tif", io.BytesIO()
        pictures.write_pyramid(pictures.of_grain(PYRAMID_SIZE, 1), pyramid, Compression.JPEG)
        pictures.of_grain(PLAIN_SIZE, 2).save(plain, "JPEG", quality=85)
        cls.pyramid_bytes = pyramid.stat().st_size
        cls.s3.put_object(Bucket=IMAGES, Key=PYRAMID, Body=pyramid.read_bytes())
        cls.s3.put_object(Bucket=IMAGES, Key=PLAIN, Body=plain.getvalue())
        with cls.started(moto.endpoint) as server:
            cls.right = asking.ask_alone(server.authority, PATHS)
        for path, answer in cls.right.items():
            if answer.status != 200:
                raise AssertionError(f"{path}: {answer.status} {answer.body!r}")

    @classmethod
    @contextlib.contextmanager
    def started(cls, endpoint: str, derivatives: str | None = None):
        """Starts a server that keeps derivatives below a prefix, or does not."""

        def uri(bucket: str, **parameters: str) -> str:
            common = {"region": REGION, "endpoint": endpoint, "use_path_style": "true", "credentials": "env:"}
            return f"s3://{bucket}?{urlencode(common | parameters)}"

        flags = ["-config-images-source-uri", uri(IMAGES), "-public-uri", "https://images.example.org"]
        if derivatives:
            flags += ["-config-derivatives-cache-uri", uri(DERIVATIVES, prefix=derivatives)]
        log = cls.folder / "server.log"
        variables = moto_server.credentials()
        with image_server.started(log, *flags, folder=cls.folder, variables=variables) as server:
            yield server
        if moto_server.SECRET in log.read_text():
            raise AssertionError("the log shows a secret")

    def ask_all(self, server: image_server.Server, paths: list[str] = PATHS) -> dict[str, asking.Answer]:
        """Asks for everything, some of it at the same time."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as clients:
            return dict(zip(paths, clients.map(lambda path: asking.ask_once(server.authority, path), paths)))

    def check_right(self, answers: dict[str, asking.Answer]) -> None:
        """Fails unless all answers are those of a server where nothing fails."""
        expected = {path: self.right[path].seen for path in answers}
        self.assertEqual({path: answer.seen for path, answer in answers.items()}, expected)

    def check_right_or_clean(self, answers: dict[str, asking.Answer]) -> int:
        """Fails unless each answer is right, or an error that tells no more than it should; counts those."""
        errors = {path: answer for path, answer in answers.items() if answer.status in (500, 503)}
        for path, answer in errors.items():
            self.assertIsNone(answer.complaint(), path)
            self.assertEqual([word for word in SECRETS if word in answer.body.decode()], [], path)
        self.check_right({path: answer for path, answer in answers.items() if path not in errors})
        return len(errors)

    def check_kept(self, prefix: str) -> None:
        """Fails unless every derivative in the bucket is one of the right answers, and there are some."""
        right = {answer.seen[2] for answer in self.right.values()}
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=DERIVATIVES, Prefix=prefix)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        self.assertNotEqual(keys, [])
        for key in keys:
            kept = self.s3.get_object(Bucket=DERIVATIVES, Key=key)["Body"].read()
            self.assertIn(hashlib.sha256(kept).hexdigest(), right, key)

    def test_answers_are_right_or_errors_and_right_once_nothing_fails(self) -> None:
        for fault in Fault:
            prefix = f"{fault.name.lower()}/"
            errors = 0
            with self.subTest(fault=fault.value):
                for _ in range(ROUNDS):
                    with self.started(self.proxy.endpoint, prefix) as server:
                        with self.proxy.failing(fault, EVERY):
                            errors += self.check_right_or_clean(self.ask_all(server))
                            self.assertGreater(self.proxy.failed, 0)
                        self.check_right(self.ask_all(server))
                # What the rounds kept is what this one finds.
                with self.started(self.proxy.endpoint, prefix) as server:
                    self.check_right(self.ask_all(server))
                self.check_kept(prefix)
                if fault not in NOT_REPEATED:
                    self.assertEqual(errors, 0)

    def test_a_storage_that_does_not_answer_is_a_503(self) -> None:
        paths = [PATHS[0], TILE, PATHS[9]]
        for fault in [Fault.SLOW_DOWN, Fault.RESET]:
            with self.subTest(fault=fault.value), self.started(self.proxy.endpoint, "outage/") as server:
                with self.proxy.failing(fault, 1):
                    answers = self.ask_all(server, paths)
                self.check_right_or_clean(answers)
                self.assertEqual({answer.status for answer in answers.values()}, {503})
                self.check_right(self.ask_all(server, paths))

    def test_a_tile_of_a_pyramid_takes_few_requests_and_few_bytes(self) -> None:
        with self.started(self.proxy.endpoint, "cold/") as server:
            self.proxy.exchanges.clear()
            self.check_right(self.ask_all(server, [TILE]))
            reads = [exchange for exchange in self.proxy.exchanges if exchange.path.startswith(f"/{IMAGES}/")]
            told = "\n".join(map(str, ["", *reads]))
            self.assertLessEqual(len(reads), MOST_REQUESTS_OF_A_TILE, told)
            self.assertEqual([read for read in reads if read.method == "GET" and not read.range], [], told)
            self.assertLess(sum(read.sent_bytes for read in reads), MOST_SHARE_OF_A_TILE * self.pyramid_bytes, told)
