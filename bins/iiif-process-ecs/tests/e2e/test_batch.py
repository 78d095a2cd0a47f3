"""5,000 images while one in ten calls is throttled: none may be lost or come twice."""

import collections
import json
import math
import threading

import cluster
import moto_server
import programs
import throttle
from case import AwsCase

IMAGES = 5000
EVERY = 10
"""One in so many calls is throttled."""
URIS_PER_TASK = 100
MAX_TASKS = 12
MAX_OVERRIDES_CHARS = 8192
"""Of all overrides of a request, as ECS counts them: as JSON."""

LISTS = "lists"


def uris() -> list[str]:
    """Returns URIs of which the first half is limited by the number for a task, and the other, whose
    folders are long, by the characters of a request."""
    short = [f"file:///{number:05}.jpg" for number in range(IMAGES // 2)]
    folder = "maps%20and%20plans/" * 6
    long = [f"file:///{folder}{number:05}%22%C3%A9.tif" for number in range(IMAGES // 2, IMAGES)]
    return short + long


class Running:
    """Counts how many tasks there are at the same time."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def note_success(self, action: str) -> None:
        """Counts a task that was started."""
        if action == "RunTask":
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)

    def note_stopped(self, count: int) -> None:
        """Counts tasks that are about to be stopped."""
        with self._lock:
            self._now -= count


class Batch(AwsCase):
    """`-mode task` with many images."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.network = cluster.documented(cls.moto)
        cls.moto.client("s3").create_bucket(Bucket=LISTS)

    def setUp(self) -> None:
        super().setUp()
        self.counter = Running()
        self.proxy = self.enterContext(throttle.Throttle(self.moto.port, EVERY, self.counter.note_success))

    def args(self, manifest: str, *flags: str) -> list[str]:
        """Returns the command line for a manifest."""
        name = cluster.NAME
        args = ["-mode", "task", "-ecs-dsn", self.moto.dsn(endpoint=self.proxy.endpoint)]
        args += ["-cluster", name, "-container", name, "-task", f"{name}:1"]
        args += ["-subnet", ",".join(self.network.subnets), "-security-group", self.network.security_group]
        return [*args, "-strip-paths=false", "-max-tasks", str(MAX_TASKS), "-manifest", manifest, *flags]

    def launch(self, args: list[str]) -> list[dict]:
        """Runs the program; tasks end as soon as there are as many as there may be. Returns the overrides of
        those that were launched."""
        variables = self.moto.variables()
        planned = programs.run(programs.IIIF_PROCESS_ECS, [*args, "-dry-run"], variables)
        self.assertEqual(planned.code, 0, planned.said)
        left = len(planned.stdout.splitlines())

        def end_when_full(running: list[dict]) -> list[dict]:
            nonlocal left
            if len(running) < min(MAX_TASKS, left):
                return []
            left -= len(running)
            self.counter.note_stopped(len(running))
            return running

        before = {task["taskArn"] for task in cluster.tasks(self.moto)}
        with cluster.Agent(self.moto, end_when_full):
            made = programs.run(programs.IIIF_PROCESS_ECS, args, variables)
        self.assertEqual(made.code, 0, made.said)
        return [task["overrides"] for task in cluster.tasks(self.moto) if task["taskArn"] not in before]

    def assert_throttled(self) -> None:
        """Checks that calls of both kinds were refused, and asked for again."""
        refused = collections.Counter(self.proxy.refused)
        self.assertGreater(refused["RunTask"], 0, refused)
        calls = len(self.proxy.refused) + len(self.proxy.passed)
        self.assertEqual(len(self.proxy.refused), calls // EVERY)

    def test_tasks_hold_exactly_these_images(self) -> None:
        manifest = self.folder / "manifest.txt"
        manifest.write_text("\n".join(uris()) + "\n")
        overrides = self.launch(self.args(str(manifest), "-uris-per-task", str(URIS_PER_TASK), "-wait"))
        commands = [override["containerOverrides"][0]["command"] for override in overrides]
        shares = [command[command.index("--") + 1 :] for command in commands]
        self.assertEqual(sorted(uri for share in shares for uri in share), sorted(uris()))
        self.assertLessEqual(max(map(len, shares)), URIS_PER_TASK)
        self.assertEqual(sum(len(share) == URIS_PER_TASK for share in shares), IMAGES // 2 // URIS_PER_TASK)
        lengths = [characters(override) for override in overrides]
        self.assertLessEqual(max(lengths), MAX_OVERRIDES_CHARS)
        # As few tasks as possible: one more of the long names would not have fitted.
        self.assertGreater(max(lengths), MAX_OVERRIDES_CHARS - len(uris()[-1]) - 10)
        self.assertEqual(self.counter.most, MAX_TASKS)
        self.assert_throttled()

    def test_lists_travel_through_a_bucket(self) -> None:
        s3, per_task = self.moto.client("s3"), 350
        s3.put_object(Bucket=LISTS, Key="all.txt", Body="\n".join(uris()).encode())
        place = f"s3://{LISTS}/all.txt?region={moto_server.REGION}"
        bucket = f"s3://{LISTS}?region={moto_server.REGION}&prefix=parts/"
        flags = ["-uris-per-task", str(per_task), "-manifest-bucket", bucket]
        overrides = self.launch(self.args(place, *flags, "-wait"))
        self.assertEqual(len(overrides), math.ceil(IMAGES / per_task))
        found = [self.listed(override, per_task) for override in overrides]
        self.assertEqual(sorted(uri for some in found for uri in some), sorted(uris()))
        self.assertEqual(self.counter.most, MAX_TASKS)
        self.assert_throttled()

    def listed(self, override: dict, most: int) -> list[str]:
        """Returns the URIs of the list that a task is told of."""
        command = override["containerOverrides"][0]["command"]
        self.assertEqual(command[-2], "-manifest")
        key = command[-1].partition("?")[0].removeprefix(f"s3://{LISTS}/")
        key = key if key.startswith("parts/") else f"parts/{key}"
        found = self.moto.client("s3").get_object(Bucket=LISTS, Key=key)["Body"].read().decode().splitlines()
        self.assertLessEqual(len(found), most)
        return found


def characters(override: dict) -> int:
    """Returns the length of overrides as they are sent."""
    return len(json.dumps(override, separators=(",", ":"), ensure_ascii=False))
