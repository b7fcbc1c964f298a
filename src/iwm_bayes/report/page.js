"use strict";
const specs = JSON.parse(document.getElementById("plots").textContent);
const pages = JSON.parse(document.getElementById("pages").textContent);
const config = { responsive: true, displayModeBar: false };
const draw = (id, spec) => Plotly.react(id, spec.data, spec.layout, config);

for (const [id, spec] of Object.entries(specs)) draw(id, spec);

const select = document.getElementById("person");
if (select) {
  const show = () => {
    const page = pages[select.value];
    document.getElementById("person-forecast").textContent = page.forecast;
    document.getElementById("person-trajectory").setAttribute("aria-label", page.alternative);
    document.getElementById("person-space").setAttribute("aria-label", page.alternative);
    draw("person-trajectory", page.trajectory);
    document.getElementById("person-space-figure").hidden = !page.space;
    if (page.space) draw("person-space", page.space);
  };
  select.addEventListener("change", show);
  show();
}

const plots = () => document.querySelectorAll(".plot.js-plotly-plot");
addEventListener("beforeprint", () => plots().forEach((plot) => Plotly.relayout(plot, { width: 640 })));
addEventListener("afterprint", () => plots().forEach((plot) => Plotly.relayout(plot, { width: null, autosize: true })));
