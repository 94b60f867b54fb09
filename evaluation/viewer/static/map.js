// The map from above: occupancy between two heights, places and ways, things, the robot's path, and marked answers.

import { $, colour, percent } from "./dom.js";

export class MapView {
  constructor(onPick) {
    this.canvas = $("map");
    this.onPick = onPick;
    this.layers = { objects: true, labels: true, places: true, path: true };
    this.data = { objects: [], topology: { spots: [], ways: [] }, path: [], pose: null, marks: [], selected: "" };
    this.picture = null;
    this.view = null; // {x, y} metres at the centre, and pixels a metre
    this.spots = [];
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
    this.listen();
  }

  show(changes) {
    Object.assign(this.data, changes);
    this.draw();
  }

  setSlice(slice) {
    this.slice = slice;
    this.picture = null;
    this.draw();
  }

  restyle() {
    this.picture = null;
    this.draw();
  }

  bounds() {
    const points = [...this.data.path, ...this.data.objects.map((o) => o.centre_m)];
    const s = this.slice;
    if (s && s.cells) points.push(s.low, [s.low[0] + s.size[0] * s.edge_m, s.low[1] + s.size[1] * s.edge_m]);
    if (!points.length) return [-2, -2, 2, 2];
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  fit(width, height) {
    const [x0, y0, x1, y1] = this.bounds();
    const scale = Math.min(width / (x1 - x0 + 0.6), height / (y1 - y0 + 0.6));
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
  }

  at([x, y]) {
    const { view, width, height } = this;
    return [width / 2 + (x - view.x) * view.scale, height / 2 - (y - view.y) * view.scale];
  }

  draw() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [box.width, box.height];
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    if (!this.moved) this.view = this.fit(box.width, box.height);
    const c = this.canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawSlice(c);
    this.spots = [];
    if (this.layers.path) this.drawPath(c);
    if (this.layers.places) this.drawPlaces(c);
    if (this.layers.objects) this.drawObjects(c);
    this.drawRobot(c);
    this.drawMarks(c);
    this.drawScale(c);
  }

  drawSlice(c) {
    const s = this.slice;
    if (!s || !s.cells) return;
    this.picture ??= paint(s);
    const [left, bottom] = this.at(s.low);
    const [w, h] = [s.size[0] * s.edge_m * this.view.scale, s.size[1] * s.edge_m * this.view.scale];
    c.imageSmoothingEnabled = false;
    c.drawImage(this.picture, left, bottom - h, w, h);
  }

  drawPath(c) {
    c.strokeStyle = colour("path");
    c.globalAlpha = 0.55;
    c.lineWidth = 2;
    c.beginPath();
    this.data.path.forEach((p, k) => c[k ? "lineTo" : "moveTo"](...this.at(p)));
    c.stroke();
    c.globalAlpha = 1;
  }

  drawPlaces(c) {
    const { spots, ways, here } = this.data.topology;
    const where = new Map(spots.map((s) => [s.id, s]));
    c.strokeStyle = colour("place");
    for (const way of ways) {
      const [a, b] = [where.get(way.from), where.get(way.to)];
      const sight = a && b && (a.landmark || b.landmark);
      if (!a || !b || (sight && a.id !== here && b.id !== here)) continue;
      c.globalAlpha = sight ? 0.3 : 0.25 + 0.5 * way.success;
      c.lineWidth = sight ? 1 : 1.8;
      c.beginPath();
      c.moveTo(...this.at(a.position_m));
      c.lineTo(...this.at(b.position_m));
      c.stroke();
    }
    c.globalAlpha = 1;
    for (const s of spots) {
      const [x, y] = this.at(s.position_m);
      const size = s.landmark ? 3.5 : 5;
      c.fillStyle = s.id === here ? colour("mark") : s.landmark ? colour("pane") : colour("place");
      c.beginPath();
      if (s.landmark) c.rect(x - size, y - size, 2 * size, 2 * size);
      else c.arc(x, y, size, 0, 7);
      c.fill();
      c.stroke();
      const seen = s.landmark ? `seen from ${s.visits} places` : `${s.visits} visits`;
      this.spots.push({ x, y, text: `${s.label || s.id}${s.room ? `, ${s.room}` : ""}: ${seen}`, node: s.id });
    }
  }

  drawObjects(c) {
    const taken = [];
    const order = [...this.data.objects].sort((a, b) => area(a) - area(b));
    for (const o of [...order].reverse()) this.drawObject(c, o);
    if (!this.layers.labels) return;
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "middle";
    c.lineWidth = 3;
    c.strokeStyle = colour("pane");
    order.sort((a, b) => (b.id === this.data.selected) - (a.id === this.data.selected));
    for (const o of order) {
      if (o.state === "removed") continue;
      const [x, y] = this.at(o.centre_m);
      const w = c.measureText(o.id).width;
      const box = [x + 6, y - 7, x + 8 + w, y + 7];
      if (box[2] > this.width || taken.some((t) => t[0] < box[2] && t[2] > box[0] && t[1] < box[3] && t[3] > box[1])) continue;
      taken.push(box);
      c.fillStyle = o.id === this.data.selected ? colour("mark") : colour("ink");
      c.globalAlpha = 0.9;
      c.strokeText(o.id, x + 7, y);
      c.fillText(o.id, x + 7, y);
      c.globalAlpha = 1;
    }
  }

  drawObject(c, o) {
    const [x, y] = this.at(o.centre_m);
    const [w, h] = [o.extent_m[0] * this.view.scale, o.extent_m[1] * this.view.scale];
    const chosen = o.id === this.data.selected;
    c.strokeStyle = colour(chosen ? "mark" : STATE[o.state] ?? "quiet");
    c.fillStyle = c.strokeStyle;
    c.lineWidth = chosen ? 2.5 : 1;
    c.setLineDash(o.state === "removed" ? [3, 3] : []);
    c.globalAlpha = o.state === "removed" ? 0.35 : 0.85;
    c.strokeRect(x - w / 2, y - h / 2, w, h);
    c.setLineDash([]);
    c.beginPath();
    c.arc(x, y, chosen ? 4.5 : 2.6, 0, 7);
    c.fill();
    c.globalAlpha = 1;
    const on = o.support ? ` on ${o.support}` : "";
    this.spots.push({ x, y, text: `${o.id}${on}: ${o.state}, ${percent(o.confidence)}`, object: o.id });
  }

  drawRobot(c) {
    const pose = this.data.pose;
    if (!pose) return;
    const [x, y] = this.at(pose);
    const r = Math.max(7, 0.16 * this.view.scale);
    c.fillStyle = colour("main");
    c.strokeStyle = colour("pane");
    c.lineWidth = 2;
    c.beginPath();
    if (pose[2] === null) c.arc(x, y, r * 0.8, 0, 7);
    else for (const [turn, far] of [[0, 1.35], [2.5, 1], [Math.PI, 0.45], [-2.5, 1]]) {
      c.lineTo(x + far * r * Math.cos(pose[2] + turn), y - far * r * Math.sin(pose[2] + turn));
    }
    c.closePath();
    c.fill();
    c.stroke();
  }

  drawMarks(c) {
    c.font = "bold 12px system-ui, sans-serif";
    c.textBaseline = "middle";
    c.textAlign = "center";
    const drawn = [];
    for (const mark of this.data.marks) {
      const [x, y] = this.at(mark.at);
      if (drawn.some(([px, py]) => Math.hypot(px - x, py - y) < 34)) continue; // the better answer stands for its place
      drawn.push([x, y]);
      c.strokeStyle = colour("mark");
      c.lineWidth = 3;
      c.beginPath();
      c.arc(x, y, 13, 0, 7);
      c.stroke();
      c.fillStyle = colour("mark");
      c.beginPath();
      c.arc(x + 12, y - 12, 8.5, 0, 7);
      c.fill();
      c.fillStyle = colour("pane");
      c.fillText(mark.name, x + 12, y - 11.5);
    }
    c.textAlign = "start";
  }

  drawScale(c) {
    const length = this.view.scale;
    c.strokeStyle = c.fillStyle = colour("quiet");
    c.lineWidth = 2;
    c.beginPath();
    c.moveTo(14, this.height - 14);
    c.lineTo(14 + length, this.height - 14);
    c.stroke();
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "alphabetic";
    c.fillText("1 m", 14, this.height - 20);
  }

  nearest(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = this.spots.map((s) => [Math.hypot(s.x - x, s.y - y), s]).filter(([d]) => d < 12);
    return found.sort((a, b) => a[0] - b[0])[0]?.[1];
  }

  listen() {
    const tip = $("tip");
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, view: { ...this.view }, far: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (from) {
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        from.far ||= Math.hypot(dx, dy) > 4;
        if (!from.far) return;
        this.moved = true;
        this.view = { ...from.view, x: from.view.x - dx / from.view.scale, y: from.view.y + dy / from.view.scale };
        this.draw();
        return;
      }
      const spot = this.nearest(event);
      tip.hidden = !spot;
      if (!spot) return;
      tip.textContent = spot.text;
      tip.style.left = `${Math.max(4, Math.min(spot.x + 12, this.width - 244))}px`;
      tip.style.top = `${Math.max(4, spot.y - 30)}px`;
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const spot = from && !from.far ? this.nearest(event) : null;
      from = null;
      if (spot) this.onPick(spot);
    });
    this.canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect();
      const [dx, dy] = [event.clientX - box.left - this.width / 2, this.height / 2 - event.clientY + box.top];
      const scale = Math.min(600, Math.max(8, this.view.scale * 1.0015 ** -event.deltaY));
      const shift = 1 / this.view.scale - 1 / scale;
      this.view = { x: this.view.x + dx * shift, y: this.view.y + dy * shift, scale };
      this.moved = true;
      this.draw();
    }, { passive: false });
    this.canvas.addEventListener("dblclick", () => { this.moved = false; this.draw(); });
  }
}

const STATE = { visible: "ok", stale: "quiet", held: "main", placed: "main", removed: "bad" };
const area = (o) => o.extent_m[0] * o.extent_m[1];

function paint(slice) {
  const [width, height] = slice.size;
  const cells = Uint8Array.from(atob(slice.cells), (ch) => ch.charCodeAt(0));
  const tones = [null, rgb("free"), rgb("low"), rgb("high")];
  const image = new ImageData(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = cells[row * width + column];
      if (!value) continue;
      const share = (value - 2) / 253;
      const tone = value === 1 ? tones[1] : tones[2].map((low, k) => low + (tones[3][k] - low) * share);
      const at = 4 * ((height - 1 - row) * width + column);
      image.data.set([...tone, 255], at);
    }
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function rgb(name) {
  const text = colour(name).slice(1);
  const full = text.length === 3 ? [...text].map((ch) => ch + ch).join("") : text;
  return [0, 2, 4].map((k) => parseInt(full.slice(k, k + 2), 16));
}
