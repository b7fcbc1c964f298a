"use strict";
// The presets of a page without a server: their contents were made when the page was built.

const player = new Player(document.querySelector("[data-player]"));
const presets = [...document.querySelectorAll("[data-preset]")];

function choose(chosen) {
  player.pause();
  for (const preset of presets) preset.setAttribute("aria-pressed", preset === chosen);
  document.querySelector("[data-description]").textContent = chosen.title;
  const content = CONTENTS[chosen.dataset.preset];
  player.show(content, content.last);
}

for (const preset of presets) preset.addEventListener("click", () => choose(preset));
choose(presets.find(preset => "chosen" in preset.dataset));
