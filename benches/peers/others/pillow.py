"""Compares a derivative with Pillow's own reduction: `pillow.py SOURCE DERIVATIVE` prints decibels.

The peak signal-to-noise ratio over all samples, for 8 bits. An embedded profile is converted to sRGB
first, as our derivatives are.
"""

import io
import math
import sys

from PIL import Image, ImageChops, ImageCms, ImageOps


def main() -> None:
    source, derivative = sys.argv[1:]
    ours = Image.open(derivative).convert("RGB")
    theirs = ImageOps.exif_transpose(upright(source)).resize(ours.size, Image.Resampling.LANCZOS)
    counts = ImageChops.difference(ours, theirs).histogram()
    squares = sum(count * (index % 256) ** 2 for index, count in enumerate(counts))
    mean = squares / sum(counts)
    print(math.inf if mean == 0 else 10 * math.log10(255**2 / mean))


def upright(path: str) -> Image.Image:
    picture = Image.open(path)
    profile = picture.info.get("icc_profile")
    rgb = picture.convert("RGB")
    if profile:
        rgb = ImageCms.profileToProfile(rgb, io.BytesIO(profile), ImageCms.createProfile("sRGB"))
    return rgb


if __name__ == "__main__":
    main()
