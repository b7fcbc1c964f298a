"use strict";
// Draw the pictures of a scenario up to a session or an exchange, play them step by step, and download them.
// A trace says in `customdata` at which position each of its points belongs, or has one frame per position.

const CONFIG = { displayModeBar: false, responsive: true };
const NOTHING = [null];  // a trace without points would leave the legend
const INTERVAL = 250;  // milliseconds from step to step
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

function traceUntil(trace, position) {
  const { frames, ...drawn } = trace;
  if (frames) {
    const [x, y] = frames[position] ?? [NOTHING, NOTHING];
    return { ...drawn, x, y };
  }
  if (!trace.customdata) return drawn;
  const kept = values => Array.isArray(values) ? values.filter((_, at) => trace.customdata[at] <= position) : values;
  const points = kept(trace.x);
  const marker = trace.marker && { ...trace.marker, symbol: kept(trace.marker.symbol), size: kept(trace.marker.size) };
  const changed = points.length ? { x: points, y: kept(trace.y) } : { x: NOTHING, y: NOTHING };
  return { ...drawn, ...changed, customdata: kept(trace.customdata), text: kept(trace.text), ...(marker && { marker }) };
}

function figureUntil(figure, position, last) {
  const cursor = { type: "line", yref: "paper", y0: 0, y1: 1, x0: position, x1: position, line: { color: "#222222", width: 1 } };
  const shapes = [...(figure.layout.shapes ?? []), ...(figure.cursor && position < last ? [cursor] : [])];
  return { data: figure.data.map(trace => traceUntil(trace, position)), layout: { ...figure.layout, shapes } };
}

class Player {
  constructor(root, moved = () => {}) {
    this.root = root;
    this.moved = moved;
    this.step = root.dataset.step;  // what a position is: a session, or an exchange
    this.button = root.querySelector("[data-play]");
    this.range = root.querySelector("[data-session]");
    this.readout = root.querySelector("[data-readout]");
    this.timer = null;
    this.button.addEventListener("click", () => this.press());
    this.range.addEventListener("input", () => { this.pause(); this.goTo(Number(this.range.value)); });
    reducedMotion.addEventListener("change", () => this.pause());
    for (const button of root.querySelectorAll("[data-download]")) {
      const { picture, title } = button.closest("[data-picture]").dataset;
      button.addEventListener("click", () => this.download(picture, title, button.dataset.download));
    }
    this.pause();
  }

  get isAtEnd() { return !this.content || this.position >= this.content.last; }

  show(content, position) {
    this.content = content;
    this.range.min = content.first;
    this.range.max = content.last;
    const sentences = content.sentences.map(text => Object.assign(document.createElement("p"), { textContent: text }));
    this.root.querySelector("[data-sentences]").replaceChildren(...sentences);
    this.draw(Math.min(Math.max(position, content.first), content.last));
  }

  draw(position) {
    this.position = position;
    this.range.value = position;
    this.readout.textContent = this.content.readouts[position - this.content.first];
    this.range.setAttribute("aria-valuetext", this.readout.textContent);
    for (const figure of this.root.querySelectorAll("[data-picture]")) {
      const picture = this.content.pictures[figure.dataset.picture];
      const [plot, instead] = [figure.querySelector(".plot"), figure.querySelector(".instead")];
      figure.classList.toggle("missing", !picture);
      instead.hidden = Boolean(picture);
      instead.textContent = picture ? "" : this.content.instead[figure.dataset.picture];
      if (!picture) continue;
      const { data, layout } = figureUntil(picture, position, this.content.last);
      Plotly.react(plot, data, layout, CONFIG);
    }
  }

  goTo(position) {
    this.draw(position);
    this.moved();
  }

  press() {
    if (this.timer) return this.pause();
    if (this.isAtEnd) this.goTo(this.content.first);
    else if (reducedMotion.matches) this.goTo(this.position + 1);
    if (reducedMotion.matches) return;
    this.timer = setInterval(() => this.isAtEnd ? this.pause() : this.goTo(this.position + 1), INTERVAL);
    this.button.textContent = "Pause";
    this.readout.setAttribute("aria-live", "off");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = reducedMotion.matches ? `Next ${this.step}` : "Play";
    this.readout.setAttribute("aria-live", "polite");
  }

  async download(name, title, format) {
    const picture = this.content.pictures[name];
    if (!picture) return;
    const { data, layout } = figureUntil(picture, this.position, this.content.last);
    const height = name === "beliefs" ? 760 : 620;
    const margin = { ...layout.margin, t: layout.margin.t + 34 };
    const titled = { ...layout, margin, title: { text: title, x: 0.02, y: 0.985, yanchor: "top", font: { size: 15 } } };
    const url = await Plotly.toImage({ data, layout: titled }, { format, width: 760, height, scale: format === "png" ? 2 : 1 });
    Object.assign(document.createElement("a"), { href: url, download: `${name}.${format}` }).click();
  }
}
