// Opens the image of the page in OpenSeadragon.
"use strict";

const place = document.getElementById("viewer");
const viewer = OpenSeadragon({
  element: place,
  tileSources: place.dataset.info,
  prefixUrl: place.dataset.buttons,
  crossOriginPolicy: "Anonymous",
  showNavigator: true,
  navigatorPosition: "BOTTOM_RIGHT",
  maxZoomPixelRatio: 4,
  visibilityRatio: 0.5,
});

viewer.addHandler("open", () => {
  const { x, y } = viewer.source.dimensions;
  document.getElementById("dimensions").textContent = `${x} × ${y}`;
});
