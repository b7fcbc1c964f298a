"use strict";
// An SVG is in the page once, as an image: its download is taken from there.
for (const link of document.querySelectorAll("a[data-image]")) {
  link.href = document.getElementById(link.dataset.image).src;
}
