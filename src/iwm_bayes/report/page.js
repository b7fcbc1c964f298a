"use strict";
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const pages = JSON.parse(document.getElementById("pages").textContent);
const config = { responsive: true, displayModeBar: false };
const draw = (id, picture) => Plotly.react(id, picture.data, picture.layout, config);

for (const [id, picture] of Object.entries(pictures)) draw(id, picture);

const select = document.getElementById("person");
if (select) {
  const show = () => {
    const page = pages[select.value];
    document.getElementById("person-forecast").textContent = page.forecast;
    document.getElementById("person-trajectory").setAttribute("aria-label", page.alternative);
    document.getElementById("person-plane").setAttribute("aria-label", page.alternative);
    draw("person-trajectory", page.trajectory);
    document.getElementById("person-plane-figure").hidden = !page.plane;
    if (page.plane) draw("person-plane", page.plane);
  };
  select.addEventListener("change", show);
  show();
}

const plots = () => document.querySelectorAll(".plot.js-plotly-plot");
addEventListener("beforeprint", () => plots().forEach((plot) => Plotly.relayout(plot, { width: 640 })));
addEventListener("afterprint", () => plots().forEach((plot) => Plotly.relayout(plot, { width: null, autosize: true })));
