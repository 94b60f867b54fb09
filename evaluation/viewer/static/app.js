// The page: one chosen moment, and everything that is drawn of it.

import { CameraView } from "./camera.js";
import { $, colour, el, get, seconds } from "./dom.js";
import { GraphView } from "./graph.js";
import { MapView } from "./map.js";
import * as panels from "./panels.js";

const FOLLOW_MS = 1500, PLAY_MS = 250, SETTLE_MS = 70, WAIT_MS = 400;
const now = {
  moments: [], index: -1, live: false, follow: true, panel: "objects", scene: "map", node: "", selected: "", filter: "",
  state: null, graph: null, step: null, found: null, health: null, frames: false,
};
let settling = 0, playing = 0;

const map = new MapView((spot) => spot.object ? select(spot.object) : focus(spot.node, false));
const camera = new CameraView();
const graph = new GraphView((id) => focus(id));

const moment = () => now.moments[now.index] ?? null;
const version = () => moment()?.version ?? 0;
const quietly = (error) => { if (error.name !== "AbortError") complain(error); };

function complain(error) {
  $("busy").hidden = false;
  $("busy").textContent = error.message;
}

function progress(share) {
  $("busy").hidden = share === null;
  if (share !== null) $("busy").textContent = `replaying the map, ${Math.round(100 * share)} %`;
}

const act = {
  examples: () => {
    const labels = [...new Set((now.state?.objects ?? []).filter((o) => o.extent_m.every((x) => x < 0.5)).map((o) => o.label))];
    const spoken = (label) => label.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
    return [...labels.slice(0, 3).map((label) => `Where is the ${spoken(label)}?`), "What was picked up?"];
  },
  ask: (text) => { $("text").value = text; ask(text); },
  stepOf: (at) => now.moments.findLast((m) => m.version <= at)?.step ?? 0,
  jump: (hit) => {
    now.selected = (now.state?.objects ?? []).some((o) => o.id === hit.id) ? hit.id : now.selected;
    if (hit.position_m) mark([{ at: hit.position_m, name: 1 + Math.max(0, now.found?.answers.indexOf(hit) ?? 0) }]);
    scene("map");
    act.step(hit.step, hit.episode);
  },
  step: (step, episode = null) => {
    const index = now.moments.findIndex((m) => m.step === step && (episode === null || m.episode === episode));
    if (index >= 0) go(index);
  },
  filter: (text) => { if (text !== undefined) now.filter = text; return now.filter; },
  selected: () => now.selected,
  select: (id) => select(id),
  node: (id) => focus(id),
};

function go(index, follow = false) {
  now.index = Math.max(0, Math.min(index, now.moments.length - 1));
  now.follow = follow || now.index === now.moments.length - 1;
  $("scrub").value = now.index;
  const m = moment();
  $("now").textContent = m ? `step ${m.step} of ${now.moments.at(-1).step} · ${seconds(m.stamp_ns)} · ${m.text}` : "nothing remembered yet";
  $("now").title = m?.text ?? "";
  drawPath();
  clearTimeout(settling);
  settling = setTimeout(load, SETTLE_MS);
}

function load() {
  const at = { version: version() };
  get("state", at).then((data) => {
    now.state = data;
    map.show({ objects: data.objects ?? [], topology: data.topology ?? { spots: [], ways: [] }, selected: now.selected });
    render("objects", "memories", "answers");
  }).catch(quietly);
  get("step", at).then((data) => {
    now.step = data;
    drawPath();
    render("step");
  }).catch(quietly);
  loadMap();
  loadGraph();
  if (now.panel === "health") loadHealth();
  loadCamera();
}

function loadMap() {
  if (now.scene !== "map") return;
  const high = Number($("cut").value);
  $("cut-at").textContent = `${high.toFixed(1)} m`;
  if (now.live && now.follow && now.mapping) {
    now.stale = true; // a run goes on faster than its map is drawn: let the picture under way be finished
    return;
  }
  const low = $("slice").checked ? Math.max(0, high - 0.1) : Math.min(0.1, high - 0.05);
  [now.mapping, now.stale] = [true, false];
  get("map", { version: version(), low, high }, progress).then((data) => {
    now.mapping = false;
    map.setSlice(data.spatial ?? null);
    if (data.reached < data.version) behind(data.reached);
    else if (now.stale) loadMap();
  }).catch((error) => { now.mapping = false; quietly(error); });
}

function behind(reached) {
  $("busy").hidden = false;
  $("busy").textContent = `map as of step ${act.stepOf(reached)}`;
  setTimeout(loadMap, WAIT_MS);
}

function loadGraph() {
  if (now.scene !== "graph" && now.panel !== "facts") return;
  const params = { version: version(), node: now.node, hops: $("hops").value, budget: $("budget").value };
  get("graph", params).then((data) => {
    now.graph = data;
    if (data.graph) {
      graph.show(data.graph);
      $("node").value = data.graph.node;
    }
    render("facts");
  }).catch(quietly);
}

function loadCamera() {
  if (!now.frames) return;
  get("camera", { version: version() }).then((data) => camera.show(data)).catch(quietly);
}

const loadHealth = () => get("health").then((data) => { now.health = data; render("health"); }).catch(quietly);

function drawPath() {
  const upto = now.moments.slice(0, now.index + 1).filter((m) => m.camera_m && m.episode === moment().episode);
  const base = now.step?.version === version() ? now.step.pose : null;
  const at = upto.at(-1)?.camera_m;
  map.show({ path: upto.map((m) => m.camera_m), pose: base ?? (at ? [at[0], at[1], null] : null) });
}

function select(id) {
  now.selected = now.selected === id ? "" : id;
  map.show({ selected: now.selected });
  if (now.panel !== "objects") tab("objects");
  else render("objects");
  document.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
}

function focus(id, show = true) {
  now.node = id;
  if (show) scene("graph");
  if (now.panel !== "objects" || show) tab("facts");
  loadGraph();
}

function mark(marks) { map.show({ marks }); }

async function ask(text) {
  if (!text.trim()) return;
  if (now.panel !== "answers") tab("answers");
  try {
    now.found = await get("ask", { version: version(), text });
    progress(now.found.waiting.length ? now.found.share : null);
    if (now.found.waiting.length) setTimeout(() => now.found?.asked === text && ask(text), WAIT_MS);
    now.found.asked = text;
    const best = now.found.answers[0];
    if (best && (now.state?.objects ?? []).some((o) => o.id === best.id)) now.node = best.id;
    const placed = now.found.answers.filter((a) => a.position_m);
    mark(placed.map((a) => ({ at: a.position_m, name: 1 + now.found.answers.indexOf(a) })));
    render("answers");
  } catch (error) {
    if (error.name !== "AbortError") $("panel").replaceChildren(el("p", { class: "error" }, error.message));
  }
}

function render(...names) {
  if (names.length && !names.includes(now.panel)) return;
  const made = {
    answers: () => panels.answers(now.found, act),
    objects: () => panels.objects(now.state, act),
    facts: () => panels.facts(now.graph, act),
    memories: () => panels.memories(now.state, act),
    step: () => panels.step(now.step, moment()),
    health: () => panels.health(now.health),
  }[now.panel]();
  const panel = $("panel"), top = panel.scrollTop, typing = document.activeElement?.classList.contains("filter");
  const open = [...panel.querySelectorAll("details[open] > summary")].map((s) => s.firstChild.textContent);
  panel.replaceChildren(...made);
  for (const summary of panel.querySelectorAll("summary")) {
    if (open.includes(summary.firstChild.textContent)) summary.parentElement.open = true;
  }
  panel.scrollTop = top;
  if (typing) panel.querySelector(".filter")?.focus();
}

function tab(name) {
  now.panel = name;
  for (const button of document.querySelectorAll("[data-panel]")) button.setAttribute("aria-selected", button.dataset.panel === name);
  $("panel").scrollTop = 0;
  render();
  if (name === "health") loadHealth();
  if (name === "facts") loadGraph();
}

function scene(name) {
  now.scene = name;
  for (const button of document.querySelectorAll("button[data-scene]")) button.setAttribute("aria-selected", button.dataset.scene === name);
  for (const pane of document.querySelectorAll("div[data-scene]")) pane.hidden = pane.dataset.scene !== name;
  if (name === "map") { map.draw(); loadMap(); }
  if (name === "graph") loadGraph();
}

function ticks() {
  const canvas = $("ticks"), width = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
  if (!width) return;
  [canvas.width, canvas.height] = [width * ratio, 14 * ratio];
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  const last = Math.max(1, now.moments.length - 1);
  now.moments.forEach((m, k) => {
    if (!m.marks.length) return;
    const handled = m.marks.some((text) => /^(picked|put|ended)/.test(text));
    c.fillStyle = colour(handled ? "mark" : "low");
    c.fillRect(8 + (k / last) * (width - 16) - 1, handled ? 1 : 8, 2, handled ? 13 : 6);
  });
}

async function follow() {
  const after = now.moments.at(-1)?.version ?? -1;
  const data = await get("timeline", { after });
  const known = new Set(data.moments.map((m) => `${m.episode}/${m.step}`));
  const grown = now.moments.length && known.has(`${now.moments.at(-1).episode}/${now.moments.at(-1).step}`);
  if (grown) now.moments.pop();
  now.moments.push(...data.moments);
  now.live = data.live;
  now.frames = data.frames;
  now.memory = data.memory;
  $("camera").hidden = !now.frames;
  $("name").textContent = `${data.robot} · ${data.name.split("/").slice(-2).join("/")}`;
  $("name").title = data.name;
  $("live").hidden = !data.live;
  $("scrub").max = Math.max(0, now.moments.length - 1);
  if (data.moments.length) {
    ticks();
    go(now.follow ? now.moments.length - 1 : now.index, now.follow);
  }
}

function play() {
  const on = !playing;
  clearInterval(playing);
  playing = 0;
  $("play").textContent = on ? "❚❚" : "▶";
  if (!on) return;
  if (now.index >= now.moments.length - 1) go(0);
  playing = setInterval(() => now.index < now.moments.length - 1 ? go(now.index + 1) : play(), PLAY_MS);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  map.restyle();
  ticks();
}

function listen() {
  $("question").addEventListener("submit", (event) => { event.preventDefault(); ask($("text").value); });
  $("scrub").addEventListener("input", () => go(Number($("scrub").value)));
  $("back").addEventListener("click", () => go(now.index - 1));
  $("on").addEventListener("click", () => go(now.index + 1));
  $("play").addEventListener("click", play);
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  for (const button of document.querySelectorAll("[data-panel]")) button.addEventListener("click", () => tab(button.dataset.panel));
  for (const button of document.querySelectorAll("button[data-scene]")) button.addEventListener("click", () => scene(button.dataset.scene));
  for (const box of document.querySelectorAll("[data-layer]")) box.addEventListener("change", () => { map.layers[box.dataset.layer] = box.checked; map.draw(); });
  for (const id of ["cut", "slice"]) $(id).addEventListener("input", loadMap);
  for (const id of ["hops", "budget"]) $(id).addEventListener("change", loadGraph);
  $("node").addEventListener("change", () => focus($("node").value));
  window.addEventListener("resize", ticks);
}

async function start() {
  theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  listen();
  await follow();
  if (!now.memory) tab("step");
  if (now.live) setInterval(() => follow().catch(quietly), FOLLOW_MS);
}

start().catch(complain);
