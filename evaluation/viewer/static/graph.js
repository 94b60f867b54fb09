// The knowledge graph around a node: the node in the middle, what it is tied to on rings about it.

import { $, percent, svg } from "./dom.js";

const KINDS = {
  object: "#3b82c4", place: "#7c62c9", room: "#2f9e62", robot: "#d9480f", person: "#c2419a", action: "#a07414", task: "#c23b3b",
};
const UPRIGHT = 7; // so many inner names find room beside each other
const RINGS = [0, 0.52, 1.0, 1.35];

export class GraphView {
  constructor(onNode) {
    this.root = $("graph");
    this.onNode = onNode;
    new ResizeObserver(() => this.data && this.draw()).observe(this.root.parentElement);
  }

  show(data) {
    this.data = data;
    $("nodes").replaceChildren(...data.all.map((id) => Object.assign(document.createElement("option"), { value: id })));
    const kinds = [...new Set(data.nodes.map((n) => n.kind))];
    $("legend").replaceChildren(...kinds.map((kind) => {
      const item = document.createElement("span");
      const dot = item.appendChild(document.createElement("i"));
      dot.className = "dot";
      dot.style.color = KINDS[kind] ?? "#777";
      item.append(kind);
      return item;
    }));
    this.draw();
  }

  draw() {
    const box = this.root.parentElement.getBoundingClientRect();
    if (!box.width || !box.height) return;
    this.root.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const places = layout(this.data, box.width, box.height);
    this.inner = [...places.values()].filter((p) => p.children.length).length;
    const lines = [], words = [];
    for (const edge of this.data.edges) {
      const [a, b] = [places.get(edge.subject), places.get(edge.object)];
      if (!a || !b) continue;
      const tree = a.parent === edge.object || b.parent === edge.subject;
      const line = svg("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: tree ? "tree" : "" });
      line.append(svg("title", {}, sentence(edge)));
      lines.push(line);
      const outer = a.depth > b.depth ? a : b;
      const inner = outer === a ? b : a;
      if (tree && (outer.depth === 1 || this.data.edges.length <= UPRIGHT * 2)) words.push(relation(edge, inner, outer));
    }
    const nodes = this.data.nodes.filter((n) => places.has(n.id)).map((n) => this.node(n, places.get(n.id)));
    this.root.replaceChildren(...lines, ...words, ...nodes);
  }

  node(node, place) {
    const focus = node.id === this.data.node;
    const group = svg("g", { class: `node${focus ? " focus" : ""}`, transform: `translate(${place.x} ${place.y})` });
    const dot = svg("circle", { r: focus ? 9 : place.depth === 1 ? 6 : 4.5 });
    dot.style.color = KINDS[node.kind] ?? "#777";
    const name = node.kind === "action" ? node.name : node.id;
    const level = focus || (place.children.length > 0 && this.inner <= UPRIGHT);
    const room = !level && place.children.length ? Math.max(6, Math.floor((place.gap - 22) / 6.3)) : 22;
    const short = name.length > room ? `${name.slice(0, room - 1)}…` : name;
    const left = Math.cos(place.angle) < -1e-6;
    const turn = (place.angle * 180) / Math.PI + (left ? 180 : 0);
    const text = level
      ? svg("text", { y: focus ? -15 : -10, "text-anchor": "middle" }, short)
      : svg("text", { x: left ? -9 : 9, dy: "0.34em", "text-anchor": left ? "end" : "start", transform: `rotate(${turn})` }, short);
    group.append(dot, text, svg("title", {}, `${node.kind} ${node.id}${name === node.id ? "" : `: ${name}`}`));
    group.addEventListener("click", () => this.onNode(node.id));
    return group;
  }
}

export const sentence = (e) =>
  `${e.subject} ${e.relation.replaceAll("_", " ")} ${e.object} (${percent(e.confidence)}, seen ${e.seen} times)`;

function relation(edge, inner, outer) {
  const [x, y] = [inner.x + 0.55 * (outer.x - inner.x), inner.y + 0.55 * (outer.y - inner.y)];
  const left = outer.x < inner.x - 1e-6;
  const turn = (Math.atan2(outer.y - inner.y, outer.x - inner.x) * 180) / Math.PI + (left ? 180 : 0);
  return svg("text", { class: "relation", "text-anchor": "middle", dy: "-3", transform: `translate(${x} ${y}) rotate(${turn})` },
    edge.relation.replaceAll("_", " "));
}

// A radial tree: each node hangs on the first that reaches it, and gets as much of the circle as it has leaves.
function layout(data, width, height) {
  const links = new Map(data.nodes.map((n) => [n.id, new Set()]));
  for (const e of data.edges) {
    links.get(e.subject)?.add(e.object);
    links.get(e.object)?.add(e.subject);
  }
  const places = new Map();
  if (!links.has(data.node)) return places;
  places.set(data.node, { depth: 0, parent: null, children: [], angle: 0 });
  const queue = [data.node];
  for (const id of queue) {
    for (const other of links.get(id)) {
      if (places.has(other)) continue;
      places.set(other, { depth: places.get(id).depth + 1, parent: id, children: [], angle: 0 });
      places.get(id).children.push(other);
      queue.push(other);
    }
  }
  const leaves = new Map();
  for (const id of [...queue].reverse()) {
    const below = places.get(id).children;
    leaves.set(id, below.length ? below.reduce((sum, child) => sum + leaves.get(child), 0) : 1);
  }
  const deepest = Math.max(1, ...[...places.values()].map((p) => p.depth));
  const [rx, ry] = [Math.max(60, width / 2 - 130), Math.max(60, height / 2 - 105)];
  const spread = (id, from, span) => {
    const place = places.get(id);
    const share = (RINGS[place.depth] ?? 1.35) / (RINGS[deepest] ?? 1.35);
    place.angle = from + span / 2;
    place.x = width / 2 + share * rx * Math.cos(place.angle);
    place.y = height / 2 + share * ry * Math.sin(place.angle);
    let start = from;
    for (const child of place.children) {
      const part = (span * leaves.get(child)) / leaves.get(id);
      spread(child, start, part);
      start += part;
    }
  };
  spread(data.node, -Math.PI / 2, 2 * Math.PI);
  for (const place of places.values()) {
    const below = place.children.map((id) => places.get(id)).map((p) => Math.hypot(p.x - place.x, p.y - place.y));
    place.gap = Math.min(...below);
  }
  const centre = places.get(data.node);
  [centre.x, centre.y] = [width / 2, height / 2];
  return places;
}
