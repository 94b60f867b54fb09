// What the robot saw, with boxes about what was detected in it.

import { $, colour, el } from "./dom.js";

export class CameraView {
  constructor() {
    this.canvas = $("frame");
    this.image = new Image();
    this.image.addEventListener("load", () => this.draw());
    this.canvas.addEventListener("click", () => $("camera").classList.toggle("large"));
    new ResizeObserver(() => this.draw()).observe($("camera"));
  }

  show(data) {
    this.data = data;
    $("frame-note").textContent = data.number === null
      ? "no image so far"
      : data.number === data.wanted ? `step ${data.number}` : `step ${data.number}, the last image kept`;
    const counts = new Map();
    for (const d of data.detections ?? []) counts.set(d.label, (counts.get(d.label) ?? 0) + 1);
    $("detections").replaceChildren(...[...counts].sort().map(([label, n]) => el("span", {}, n > 1 ? `${label} × ${n}` : label)));
    if (data.number === null) return;
    const source = `/frame?number=${data.number}`;
    if (this.image.getAttribute("src") === source) this.draw();
    else this.image.src = source;
  }

  draw() {
    const { image, canvas, data } = this;
    if (!image.naturalWidth || !data) return;
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth || 240;
    const scale = width / image.naturalWidth;
    [canvas.width, canvas.height] = [width * ratio, image.naturalHeight * scale * ratio];
    const c = canvas.getContext("2d");
    c.scale(ratio, ratio);
    c.drawImage(image, 0, 0, width, image.naturalHeight * scale);
    const large = $("camera").classList.contains("large");
    c.font = `${large ? 12 : 9}px system-ui, sans-serif`;
    c.textBaseline = "top";
    for (const d of data.detections ?? []) this.box(c, d, scale, width, large);
  }

  box(c, detection, scale, width, large) {
    const [top, left, bottom, right] = detection.box.map((v) => v * scale);
    c.strokeStyle = c.fillStyle = colour("mark");
    c.globalAlpha = 0.9;
    c.lineWidth = large ? 1.5 : 1;
    c.strokeRect(left, top, right - left, bottom - top);
    const size = large ? 14 : 11, wide = c.measureText(detection.label).width + 4;
    if (!large && (right - left < wide || bottom - top < size)) return;
    const x = Math.min(left, width - wide);
    c.fillRect(x, top, wide, size);
    c.fillStyle = colour("pane");
    c.globalAlpha = 1;
    c.fillText(detection.label, x + 2, top + 1);
  }
}
