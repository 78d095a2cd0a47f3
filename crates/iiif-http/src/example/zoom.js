// Opens the image of the page in OpenSeadragon.
"use strict";

// OpenSeadragon adds a style sheet where it finds none of its own, which the policy of the page refuses.
// Its rules are in style.css; this is an empty one that it finds.
const sheet = document.createElement("style");
sheet.dataset.openseadragonMobileCss = "in style.css";
document.head.append(sheet);

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
