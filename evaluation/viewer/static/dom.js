// Elements, requests and words. Text of a memory only ever becomes text, never markup.

export const $ = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [name, call] of Object.entries(value)) node.addEventListener(name, call);
    else if (key === "width_share") node.style.width = `${Math.round(100 * value)}%`;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((c) => c !== null));
  return node;
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// One request of a kind at a time: a newer one ends the older. Answers 202 mean that a replay goes on; ask again.
const running = new Map();

export async function get(route, params = {}, progress = () => {}) {
  running.get(route)?.abort();
  const control = new AbortController();
  running.set(route, control);
  for (;;) {
    const answer = await fetch(`/api/${route}?${new URLSearchParams(params)}`, { signal: control.signal });
    const data = await answer.json();
    if (answer.status === 202) {
      progress(data.waiting);
      await new Promise((done) => setTimeout(done, 60));
      if (control.signal.aborted) throw new DOMException("a newer request", "AbortError");
      continue;
    }
    progress(null);
    if (!answer.ok) throw new Error(data.error ?? answer.statusText);
    return data;
  }
}

export const seconds = (ns) => ns < 9.46684800e17
  ? `${(ns / 1e9).toFixed(1)} s`
  : new Date(ns / 1e6).toISOString().replace("T", " ").slice(0, 19);
export const percent = (share) => `${Math.round(100 * share)} %`;
export const metres = (point) => `(${point.map((x) => x.toFixed(2)).join(", ")}) m`;
export const bytes = (n) => n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`;
