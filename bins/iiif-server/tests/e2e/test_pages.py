"""The pages of `-example`, in a browser."""

import os
import pathlib
import sys
import tempfile
import unittest

import chromium
import image_server
import pictures

SHOTS = pathlib.Path(os.environ["E2E_FOLDER"]) / "pages"
"""Where pictures of the pages are kept, to be looked at."""

VIEWER = os.environ["E2E_VIEWER"]

IMAGE = "cells & more.png"
SIZE = (2330, 1720)
"""Neither side is a multiple of a tile, nor of a cell."""

WINDOW = (1000, 700)
BACKGROUND = (17, 17, 17)
TOLERANCE = 8
"""Tiles are JPEG."""

NEAR_PX = 6
"""How far from the edge of the image pixels are looked at."""

WAIT_FOR_TILES = """
new Promise(done => {
  const viewer = OpenSeadragon.getViewer('viewer');
  const wait = () => {
    const image = viewer.world.getItemAt(0);
    if (!image) return viewer.addOnceHandler('open', wait);
    if (!image.getFullyLoaded()) return image.addOnceHandler('fully-loaded-change', wait);
    viewer.forceRedraw();
    requestAnimationFrame(() => requestAnimationFrame(() => done([viewer.source.width, viewer.source.height])));
  };
  requestAnimationFrame(wait);
})
"""

# Puts a point of the image in the middle of the viewer, one pixel of it on one of the screen.
SHOW = """
(() => {{
  const {{viewport, world}} = OpenSeadragon.getViewer('viewer');
  const image = world.getItemAt(0);
  viewport.zoomTo(image.imageToViewportZoom(1), null, true);
  viewport.panTo(image.imageToViewportCoordinates({x}, {y}), true);
  const box = document.getElementById('viewer').getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}})()
"""

if not chromium.PROGRAM:
    print("WARNING: the pages were NOT tested: no chromium (apt-get install chromium)", file=sys.stderr)


@unittest.skipUnless(chromium.PROGRAM, "no chromium: apt-get install chromium")
class PagesTest(unittest.TestCase):
    """A server with a few images, and a browser."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="iiif-e2e-")))
        images = folder / "images"
        (images / "maps").mkdir(parents=True)
        cls.picture = pictures.of_cells(SIZE)
        cls.picture.save(images / IMAGE)
        pictures.of_cells((300, 900)).save(images / "maps" / "<i>narrow.jpg")
        (images / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more of it")
        flags = ["-example", "-viewer", VIEWER]
        cls.server = cls.enterClassContext(image_server.serving(images, folder / "server.log", *flags))
        cls.page = cls.enterClassContext(chromium.page(folder, WINDOW))
        SHOTS.mkdir(parents=True, exist_ok=True)

    def setUp(self) -> None:
        self.page.complaints.clear()

    def near(self, seen: tuple[int, ...], expected: tuple[int, ...], where: str) -> None:
        """Fails unless two colors are nearly the same."""
        apart = max(abs(a - b) for a, b in zip(seen, expected, strict=True))
        self.assertLessEqual(apart, TOLERANCE, f"{seen} and not {expected} {where}")

    def test_the_viewer_shows_every_edge_at_full_size(self) -> None:
        for version in ["3", "2"]:
            with self.subTest(version=version):
                self.page.open(f"http://{self.server}/example/viewer?image=cells%20%26%20more.png&version={version}")
                self.assertEqual(self.page.run(WAIT_FOR_TILES), list(SIZE))
                self.page.picture().save(SHOTS / f"viewer-{version}.png")
                self.assertEqual(self.page.run("document.getElementById('dimensions').textContent"), "2330 × 1720")
                for x in [0, SIZE[0] // 2, SIZE[0]]:
                    for y in [0, SIZE[1] // 2, SIZE[1]]:
                        self.check_around(x, y)
                self.page.picture().save(SHOTS / f"viewer-{version}-corner.png")
                tiles = self.page.run("performance.getEntriesByType('resource').map(entry => entry.name)")
                # The last tile of the deepest level, of 282x184 pixels.
                last = f"/iiif/{version}/cells%20&%20more.png/2048,1536,282,184/"
                self.assertTrue(any(last in tile for tile in tiles), tiles)
                self.assertEqual(self.page.complaints, [])

    def check_around(self, x: int, y: int) -> None:
        """Compares the pixels around a point of the image with those of the picture."""
        left, top = (round(side) for side in self.page.run(SHOW.format(x=x, y=y)))
        self.page.run(WAIT_FOR_TILES)
        seen = self.page.picture()
        for dx in [-NEAR_PX, NEAR_PX]:
            for dy in [-NEAR_PX, NEAR_PX]:
                at = (x + dx, y + dy)
                is_inside = 0 <= at[0] < SIZE[0] and 0 <= at[1] < SIZE[1]
                expected = self.picture.getpixel(at) if is_inside else BACKGROUND
                self.near(seen.getpixel((left + dx, top + dy)), expected, f"at {at}")

    def test_the_list_shows_images_their_sizes_and_what_is_wrong(self) -> None:
        self.page.open(f"http://{self.server}/")
        texts = self.page.run(
            """new Promise(done => {
              const look = () => {
                const places = [...document.querySelectorAll('.dimensions')];
                if (places.some(place => !place.textContent)) return requestAnimationFrame(look);
                done([...document.querySelectorAll('li')].map(item => item.innerText.trim().split('\\n')));
              };
              look();
            })"""
        )
        self.page.picture().save(SHOTS / "list.png")
        self.assertEqual(texts[0], [IMAGE, "2330 × 1720"])
        self.assertEqual(texts[1][0], "damaged.jpg")
        self.assertIn("damaged", texts[1][1])
        self.assertEqual(texts[2], ["maps/<i>narrow.jpg", "300 × 900"])
        # What the server refused is told by the browser as well, and nothing else is.
        self.assertTrue(all("damaged.jpg" in complaint for complaint in self.page.complaints), self.page.complaints)
