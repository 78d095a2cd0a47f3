// Writes below each preview how large its image is. Previews are loaded when they come into sight, and
// so is this, so that a page of large images in a far bucket is there at once.
"use strict";

async function describe(preview) {
  const place = preview.closest("li").querySelector(".dimensions");
  const response = await fetch(preview.dataset.info);
  if (!response.ok) {
    place.textContent = await response.text();
    return;
  }
  const info = await response.json();
  place.textContent = `${info.width} × ${info.height}`;
}

async function explain(preview) {
  const place = preview.closest("li").querySelector(".dimensions");
  preview.closest("li").classList.add("failed");
  place.textContent = await (await fetch(preview.src)).text();
}

for (const preview of document.querySelectorAll("img[data-info]")) {
  const settle = () => (preview.naturalWidth > 0 ? describe(preview) : explain(preview));
  if (preview.complete) {
    settle();
  } else {
    preview.addEventListener("load", settle);
    preview.addEventListener("error", settle);
  }
}
