"""Writes docs/benchmarks.md from the figures of measure.py and the remarks of people.

`render.py RESULTS DOCUMENT` reads remarks.toml beside this script: what was tried where a bar is not reached,
and what comes next. The section on the server stays, which render_server.py writes; the rest of the document is
made anew each time.
"""

import json
import pathlib
import sys
import tomllib

REMARKS = pathlib.Path(__file__).with_name("remarks.toml")

SERVER_HEADING = "## The server"

METHOD = """\
This document is written by `make bench-report`, and [what is about the server](#the-server) by
`make bench-server`; remarks are kept in `benches/peers/remarks.toml`.
Machines differ and are noisy: the ratios count, and the times beside them only tell the scale.

`iiif-process` is timed as a whole process, from its start to its end. libvips and sharp are timed inside
a process that has done the same work once before (of a batch, one image of it): their start is not counted. Programs run in turn, run
by run; a ratio is the median of the ratios of such pairs, a time and a peak are medians ({runs} runs,
fewer of batches). Peaks are the maximum resident set that the kernel reports for the process; those of
libvips and sharp include their interpreters.

Two builds are timed. The *default build* is that of `cargo build --release` without further features, which
decodes and encodes JPEG in Rust (zune-jpeg, jpeg-encoder) and stands in the tables as `iiif-process`. The
*turbojpeg build* adds the feature `turbojpeg`, libjpeg-turbo, as `make build` does where its tools are there.

The *documented example* is what the [README](../README.md#run-it) shows, made of `photo-15mp.jpg`: the
original `o`, which keeps its compressed data, `b` of at most 2048x1536 pixels as PNG, and `d`, a dithered
smart crop of 320x320 pixels as JPEG, with no analyses. These three are meant by "three derivatives" too.
"Re-encoded" is with `encoding.passthrough` off, so that the original is decoded and encoded as well.

    make bench-report                        # with photographs drawn by the project
    make bench-report PHOTOS=folder RUNS=9   # with others: see benches/peers/photos.rs for their names

It builds the program four times, runs the criterion benchmarks, and then
`benches/peers/measure.py` and `benches/peers/render.py`."""


def main() -> None:
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    remarks = tomllib.loads(REMARKS.read_text())
    parts = [
        "# Benchmarks",
        METHOD.format(runs=results["runs"]),
        table(["", ""], [*results["machine"].items(), *results["versions"].items()]),
        f"## Photographs\n\n{results['photos_are']}".strip(),
        table(["file", "size"], [[f"`{name}`", size] for name, size in results["photos"]]),
        "## Bars",
        bars(results["bars"]),
        missed(results["bars"], remarks.get("bars", {})),
        "## Comparison",
        *(section(measured) for measured in results["tables"]),
        "## Where the time goes",
        profiles(results["profiles"], remarks.get("profile", "")),
        "## What comes next",
        remarks.get("next", "").strip(),
        "## Criterion",
        criterion(results["criterion"]),
    ]
    document = pathlib.Path(sys.argv[2])
    _, server, _ = server_section(document.read_text() if document.exists() else "")
    document.write_text("\n\n".join(part for part in [*parts, server.strip()] if part) + "\n")


def server_section(document: str) -> tuple[str, str, str]:
    """Returns what stands before the section on the server, the section, and what stands behind it."""
    before, heading, rest = document.partition(f"\n{SERVER_HEADING}\n")
    if not heading:
        return f"{document}\n", "", ""
    section, following, after = rest.partition("\n## ")
    return f"{before}\n", SERVER_HEADING + "\n" + section, following + after


def bars(found: list[dict]) -> str:
    reached = {True: "yes", False: "**no**", None: "–"}
    rows = [[bar["what"], bar["limit"], bar["measured"], reached[bar["reached"]]] for bar in found]
    return table(["what", "at most", "measured", "reached"], rows)


def missed(found: list[dict], remarks: dict[str, str]) -> str:
    """What holds back where a bar is not reached. Remarks on bars that are reached stay unprinted."""
    items = []
    for bar in found:
        if bar["reached"] is False:
            remark = " ".join(remarks.get(bar["key"], "No remark yet.").split())
            items.append(f"- **{bar['what']}**, {bar['measured']}: {remark}")
    return "### Not reached\n\n" + "\n".join(items) if items else "All that were measured are reached."


def section(measured: dict) -> str:
    parts = [f"### {measured['title']}", measured["text"]]
    if measured["rows"]:
        parts.append(table(measured["columns"], measured["rows"]))
    return "\n\n".join(part for part in parts if part)


def profiles(found: list[dict], remark: str) -> str:
    if not found:
        return "Not measured: `perf` is not there, or may not look."
    about = "The functions of the documented example, by `perf`, all threads together, in a build with the names of functions."
    return "\n\n".join([about, *(section(profile) for profile in found), remark.strip()]).strip()


def criterion(measured: dict | None) -> str:
    if not measured or not measured["rows"]:
        return "Not measured."
    return "Inputs are drawn anew for each run and are in memory.\n\n" + table(measured["columns"], measured["rows"])


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Returns a Markdown table; columns of figures are set to the right."""
    figures = [bool(rows) and index > 0 and all(is_figure(row[index]) for row in rows) for index in range(len(columns))]
    rule = ["---:" if figure else "---" for figure in figures]
    lines = [columns, rule, *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def is_figure(cell: str) -> bool:
    return cell in ("–", "failed") or cell.replace(",", "").replace(".", "", 1).isdigit()


if __name__ == "__main__":
    main()
