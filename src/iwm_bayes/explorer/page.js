"use strict";
// The controls of the page: what they are set to is asked of the server, and kept in the address.

const form = document.querySelector(".controls");
const player = new Player(document.querySelector("[data-player]"), () => keepAddress());
const NO_ANSWER = "The program does not answer. Is `iwm explore` still running?";
let isAsking = false, waiting = null, addressTimer = null;

// A browser rounds the last digits of a slider's value.
const isNear = (one, other) => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(other));
const isFirst = control => control.type === "range"
  ? isNear(Number(control.value), Number(control.dataset.first)) : control.value === control.dataset.first;

function state() {
  const values = [...form.elements].filter(control => control.name && !isFirst(control));
  const query = new URLSearchParams(values.map(control => [control.name, control.value]));
  if (!player.isAtEnd) query.set(player.step, player.position);
  return query;
}

function address() {
  const query = state().toString();
  return query ? `?${query}` : location.pathname;
}

function keepAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => history.replaceState(null, "", address()), 200);
}

function showValue(control) {
  control.closest("label").querySelector(".value").textContent = Number(Number(control.value).toPrecision(3));
}

function setControls(values) {
  for (const [name, value] of Object.entries(values)) {
    const control = form.elements[name];
    if (!control) continue;
    control.value = value;
    if (control.type === "range") showValue(control);
  }
}

const isSet = values => Object.entries(values).every(([name, value]) => {
  const control = form.elements[name];
  return control && (control.type === "range" ? isNear(Number(control.value), Number(value)) : control.value === String(value));
});

// A button that sets sliders is pressed while they are as it sets them.
function markButtons() {
  for (const button of document.querySelectorAll("[data-values]")) {
    button.setAttribute("aria-pressed", isSet(JSON.parse(button.dataset.values)));
  }
}

function showPanels(panels) {
  const place = document.querySelector("[data-panels]");
  const open = [...place.querySelectorAll("details[open]")].map(panel => panel.dataset.side);
  place.innerHTML = panels;
  for (const side of open) place.querySelector(`[data-side="${side}"]`)?.setAttribute("open", "");
}

function show(content, isStart) {
  const isAtEnd = player.isAtEnd;
  const notes = content.notes.map(text => Object.assign(document.createElement("li"), { textContent: text }));
  document.querySelector("[data-notes]").replaceChildren(...notes);
  if (content.panels) showPanels(content.panels);
  markButtons();
  player.show(content, isStart ? content.position : isAtEnd ? content.last : player.position);
}

async function ask(query, isStart = false) {
  isAsking = true;
  try {
    const content = await fetch(`${form.dataset.content}?${query}`).then(answer => answer.ok ? answer.json() : null).catch(() => null);
    document.querySelector("[data-fault]").textContent = content ? "" : NO_ANSWER;
    if (content) show(content, isStart);
  } finally {
    isAsking = false;
  }
  if (waiting) {
    const { models, values } = waiting;
    waiting = null;
    update(models, values);
  }
}

// One question at a time: while one is under way only the last state is remembered, and that panels change.
// `values` are those of a preset that sets the models, too: its sliders are there only with the answer.
async function update(models = false, values = null) {
  if (isAsking) {
    waiting = { models: models || waiting?.models, values: values ?? waiting?.values };
    return;
  }
  const query = values ? new URLSearchParams(values) : state();
  if (models) query.set("panels", "yes");
  await ask(query);
  keepAddress();
}

form.addEventListener("input", event => {
  if (event.target.type === "range") showValue(event.target);
  update(event.target.tagName === "SELECT");
});
form.addEventListener("submit", event => event.preventDefault());

document.addEventListener("click", event => {
  const button = event.target.closest("[data-values]");
  if (!button) return;
  const values = JSON.parse(button.dataset.values);
  setControls(values);
  if ("setsModels" in button.dataset) update(true, values);
  else update();
});

document.querySelector("[data-share]").addEventListener("click", async () => {
  history.replaceState(null, "", address());
  const shared = document.querySelector("[data-shared]");
  await navigator.clipboard?.writeText(location.href).then(
    () => { shared.textContent = "The link is copied. It opens where the explorer runs at the same port."; },
    () => { shared.textContent = `Copy this link: ${location.href}`; });
});

ask(location.search.slice(1), true);
