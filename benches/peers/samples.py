"""Samples of several programs, run in turn, and what they come to: tables and bars."""

import dataclasses
import statistics
import sys
from collections.abc import Callable

from programs import Failed, Run


@dataclasses.dataclass
class Table:
    title: str
    columns: list[str]
    rows: list[list[str]] = dataclasses.field(default_factory=list)
    text: str = ""


@dataclasses.dataclass
class Bar:
    """A bar: `reached` is None where it was not measured."""

    key: str
    what: str
    limit: str
    measured: str = "not measured"
    reached: bool | None = None


def measured(
    steps: dict[str, Callable[[], tuple[Table, list[Bar]]]], only: list[str] | None
) -> tuple[list[dict], list[dict]]:
    """Takes the steps, or those of them that are named, and returns their tables and bars as JSON has them.

    A step that fails is a table that says why.
    """
    tables, bars = [], []
    for name, step in steps.items():
        if only and name not in only:
            continue
        print(name, file=sys.stderr, flush=True)
        try:
            made, decided = step()
        except (Failed, OSError) as error:
            made, decided = Table(name, [], text=f"Not measured: {error}"), []
            print(f"WARNING: {made.text}", file=sys.stderr)
        tables.append(dataclasses.asdict(made))
        bars += [dataclasses.asdict(bar) for bar in decided]
    return tables, bars


def paired(subjects: dict, runs: int) -> dict[str, list[Run] | str]:
    """Runs all subjects in turn, once to warm the file caches and then `runs` times.

    A subject that fails is left out from then on; its sample is the reason.
    """
    samples: dict[str, list[Run] | str] = {name: [] for name in subjects}
    for turn in range(runs + 1):
        for name, action in subjects.items():
            if isinstance(samples[name], str):
                continue
            try:
                made = action()
            except (Failed, OSError) as error:
                samples[name] = str(error)
            else:
                if turn > 0:
                    samples[name].append(made)
    return samples


def ratio_of(samples: dict, one: str, other: str) -> float | str | None:
    """Returns the median of the ratios run by run; the reason of a failure; None if one is absent."""
    ours, theirs = samples.get(one), samples.get(other)
    if isinstance(ours, str):
        return ours
    if not ours or not theirs or isinstance(theirs, str):
        return None
    return statistics.median(a.wall_ms / b.wall_ms for a, b in zip(ours, theirs, strict=True))


def peak_of(samples: dict, name: str) -> float | str | None:
    runs = samples.get(name)
    return statistics.median(run.peak_mib for run in runs) if runs and not isinstance(runs, str) else runs


def decide(bars: list[Bar], key: str, value: float | str | None, at_most: float, unit: str = "") -> None:
    """Sets a bar: a failure misses it, and what was not measured stays undecided."""
    bar = next(bar for bar in bars if bar.key == key)
    if isinstance(value, str):
        bar.measured, bar.reached = value, False
    elif value is not None:
        bar.measured = f"{value:.0f} {unit}" if unit else f"{value:.2f}"
        bar.reached = value <= at_most


def table(title: str, samples: dict, reference: str | None) -> Table:
    """Returns medians: time, ratio to the reference, peak memory, share of the cores that was used."""
    versus = [f"to {reference}"] if reference else []
    made = Table(title, ["", "ms", *versus, "peak MiB", "cores used"])
    for name, runs in samples.items():
        if isinstance(runs, str):
            made.rows.append([name, "failed", *("–" for _ in versus), "–", runs])
            continue
        wall, peak = (statistics.median(values) for values in zip(*((run.wall_ms, run.peak_mib) for run in runs)))
        ratio = ratio_of(samples, name, reference) if reference else None
        shown = [f"{ratio:.2f}" if isinstance(ratio, float) else "–" for _ in versus]
        made.rows.append([name, f"{wall:,.0f}", *shown, f"{peak:.0f}", cores_used(runs)])
    return made


def cores_used(runs: list[Run]) -> str:
    """Returns how many cores were busy on average. A warm process was busy with its first run too, so not there."""
    if any(run.cpu_ms is None for run in runs):
        return "–"
    return f"{statistics.median(run.cpu_ms / run.wall_ms for run in runs):.2f}"
