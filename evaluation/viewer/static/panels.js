// The panels beside the map: answers and why, things, facts, the four memories, the step, and health.

import { bytes, el, metres, percent, seconds } from "./dom.js";

const bar = (share) => el("div", { class: "bar" }, el("i", { width_share: Math.max(0, Math.min(1, share)) }));
const nothing = (text) => el("p", { class: "quiet" }, text);
const state = (name) => el("span", { class: `state ${name}` }, name);
const failures = (failed) => Object.values(failed ?? {}).map((text) => el("p", { class: "error" }, text));

export function answers(found, act) {
  if (!found) {
    return [
      nothing("Ask where a thing is, what was done, or what was learnt. The memory answers as it was at the step above."),
      el("div", { class: "chips" }, act.examples().map((text) => el("button", { type: "button", on: { click: () => act.ask(text) } }, text))),
    ];
  }
  const as = found.at_ns === null ? `as of step ${act.stepOf(found.version)}` : `of ${seconds(found.at_ns)}, as known at step ${act.stepOf(found.version)}`;
  const list = found.answers.map((a, k) => el("button", { class: "row answer", type: "button", on: { click: () => act.jump(a) } },
    el("span", {}, el("strong", {}, `${k + 1}. ${a.text}`)),
    el("span", { class: "num" }, percent(a.confidence)),
    el("span", { class: "note" }, [...a.where, a.position_m ? metres(a.position_m) : ""].filter(Boolean).join(", ") || "no place"),
    el("span", { class: "note" }, `from ${a.store}, step ${a.step}, ${seconds(a.stamp_ns)}`),
    el("span", { class: "note" }, `why: ${why(a)}`),
    bar(a.confidence)));
  return [
    el("p", { class: "quiet" }, `“${found.text}” ${as}`),
    ...(list.length ? list : [nothing("Nothing is known about that.")]),
    ...failures(found.failed),
    found.waiting.length ? nothing(`Still being replayed to this step: ${found.waiting.join(", ")}.`) : "",
    el("h3", {}, "What each store recalled"),
    ...Object.entries(found.recalled).map(([store, hits]) => recalled(store, hits, act)),
  ];
}

function why(a) {
  const { words, rank, of, store_score: score, ...rest } = a.why;
  const parts = [words.length ? `names ${words.join(", ")}` : "by meaning", `rank ${rank} of ${of} in ${a.store} (${score.toFixed(2)})`];
  for (const key of ["state", "kind", "seen", "missed", "against", "voxels"]) if (key in rest) parts.push(`${key} ${rest[key]}`);
  if (rest.confirmed === false) parts.push("unconfirmed");
  if (rest.became) parts.push(`probably ${rest.became} by now`);
  return parts.join(" · ");
}

function recalled(store, hits, act) {
  return el("details", {}, el("summary", {}, `${store} `, el("span", { class: "quiet" }, hits.length ? `${hits.length}, best ${hits[0].score.toFixed(2)}` : "nothing")),
    ...hits.map((h) => el("button", { class: "row", type: "button", on: { click: () => act.jump(h) } },
      el("span", {}, h.text), el("span", { class: "num" }, `${h.score.toFixed(2)} · ${percent(h.confidence)}`))));
}

export function objects(data, act) {
  if (!data?.objects) return failures(data?.failed);
  const list = el("div");
  const fill = (text) => {
    const shown = data.objects.filter((o) => `${o.id} ${o.state} ${o.support}`.toLowerCase().includes(text.toLowerCase()));
    list.replaceChildren(...(shown.length ? shown.map((o) => thing(o, act)) : [nothing("No such thing is known at this step.")]));
  };
  const filter = el("input", { type: "search", class: "filter", placeholder: `Filter ${data.objects.length} things`, "aria-label": "Filter things", value: act.filter(), on: { input: (e) => { act.filter(e.target.value); fill(e.target.value); } } });
  fill(act.filter());
  return [filter, list];
}

function thing(o, act) {
  const chosen = o.id === act.selected();
  const row = el("button", { class: "row", type: "button", "aria-current": chosen ? "true" : "false", on: { click: () => act.select(o.id) } },
    el("span", {}, o.id, o.support ? el("span", { class: "quiet" }, ` on ${o.support}`) : ""),
    el("span", {}, state(o.state), " ", el("span", { class: "num" }, percent(o.confidence))));
  if (!chosen) return row;
  row.append(el("span", { class: "note" }, `${metres(o.centre_m)}, ${o.extent_m.map((x) => x.toFixed(2)).join(" × ")} m, ${o.views} views, ${o.misses} misses, steps ${o.first_step} to ${o.last_step}${o.became ? `, probably ${o.became} by now` : ""}`), bar(o.confidence));
  const past = el("ol", { class: "steps" }, o.past.map((m) => el("li", {}, el("span", {}, m.step), `${m.state}${m.support ? ` on ${m.support}` : ""}`)));
  return el("div", {}, row, past, el("div", { class: "chips" },
    el("button", { type: "button", on: { click: () => act.node(o.id) } }, "in the graph"),
    el("button", { type: "button", on: { click: () => act.step(o.last_step) } }, `step ${o.last_step}, seen last`)));
}

export function facts(data, act) {
  if (!data?.graph) return failures(data?.failed);
  const g = data.graph;
  const fact = (e) => el("button", { class: "row", type: "button", on: { click: () => act.node(e.subject === g.node ? e.object : e.subject) } },
    el("span", {}, `${g.names[e.subject] ?? e.subject} `, el("span", { class: "quiet" }, e.relation.replaceAll("_", " ")), ` ${g.names[e.object] ?? e.object}`),
    el("span", { class: "num" }, percent(e.confidence)),
    el("span", { class: "note" }, `worth ${e.score.toFixed(2)} · seen ${e.seen}${e.missed ? ` · missed ${e.missed}` : ""} · steps ${e.step} to ${e.last_step}`));
  return [
    el("p", {}, el("strong", {}, g.node || "no node"), el("span", { class: "quiet" }, `, ${g.edges.length} of ${g.facts} facts, the worthiest first`)),
    ...g.edges.map(fact),
    ...(g.past.length ? [el("h3", {}, "What was true or believed before"), ...g.past.map((e) => el("div", { class: "row" }, el("span", {}, `${e.subject} ${e.relation.replaceAll("_", " ")} ${e.object}`), el("span", { class: "num" }, e.how), el("span", { class: "note" }, `from ${seconds(e.from_ns)}${e.to_ns === null ? "" : ` to ${seconds(e.to_ns)}`}`)))] : []),
    ...(g.suspects.length ? [el("h3", {}, "In quarantine: claimed, not confirmed"), ...g.suspects.map(([s, r, o, p]) => el("div", { class: "row" }, el("span", {}, `${s} ${r.replaceAll("_", " ")} ${o}`), el("span", { class: "num" }, percent(p))))] : []),
  ];
}

export function memories(data, act) {
  if (!data) return [];
  if (!data.objects) return failures(data.failed);
  const steps = (rows) => el("ol", { class: "steps" }, rows.map(([step, text]) => el("li", {}, el("span", {}, step), text)));
  const counts = {};
  for (const o of data.objects ?? []) counts[o.state] = (counts[o.state] ?? 0) + 1;
  return [
    ...failures(data.failed),
    el("h3", {}, "Temporal: just now"),
    ...(data.temporal?.length ? [...data.temporal].reverse().map((e) => el("div", { class: "row" }, el("span", {}, e.text), el("span", { class: "num" }, e.first_step === e.last_step ? `step ${e.last_step}` : `steps ${e.first_step}–${e.last_step}`))) : [nothing("Nothing yet.")]),
    el("h3", {}, "Episodic: attempts"),
    ...(data.running ? [el("details", {}, el("summary", {}, `${data.running.episode}, under way `, el("span", { class: "quiet" }, `${data.running.count} steps`)), steps(data.running.steps))] : []),
    ...(data.episodic ?? []).map((n) => el("details", {}, el("summary", {}, n.text, " ", el("span", { class: "quiet" }, figures(n))), steps(n.steps))),
    el("h3", {}, "Semantic: lessons"),
    ...(data.semantic?.length ? data.semantic.map((n) => el("button", { class: "row", type: "button", on: { click: () => act.step(n.step) } },
      el("span", {}, n.text, " ", n.state === "active" ? "" : state(n.state)), el("span", { class: "num" }, percent(n.belief)),
      el("span", { class: "note" }, `${figures(n)} · step ${n.step}${n.version > 1 ? ` · version ${n.version}` : ""}${n.links ? ` · ${n.links} links` : ""}`), bar(n.belief * n.retention))) : [nothing("Nothing learnt yet.")]),
    el("h3", {}, "Objects"),
    el("p", {}, `${data.objects?.length ?? 0} things: `, Object.entries(counts).map(([name, n]) => [state(name), ` ${n} `]).flat()),
  ];
}

const figures = (n) => `${n.support} for · ${n.against} against · ${percent(n.retention)} left`;

export function step(data, moment) {
  if (!data || !moment) return [];
  const plan = data.plan;
  const out = [el("p", {}, el("strong", {}, moment.text || "Nothing said."))];
  if (moment.marks.length) out.push(el("p", {}, moment.marks.join(", ")));
  if (plan) {
    out.push(el("h3", {}, "Decided then"), el("table", {}, ["verb", "outcome", "phase", "point", "base", "holding"].filter((key) => plan[key] !== null && plan[key] !== undefined).map((key) => [key, plan[key]]).map(([key, value]) =>
      el("tr", {}, el("th", {}, key.replaceAll("_", " ")), el("td", {}, shown(value))))));
  }
  if (data.journal.length) out.push(el("h3", {}, "Journal of the agent"));
  for (const line of data.journal) {
    out.push(el("div", { class: "row" }, el("span", {}, [line.label, line.target ? ` (${line.target})` : ""]), el("span", { class: `state ${line.kind === "failed" ? "fault" : ""}` }, line.kind),
      line.reason ? el("span", { class: "note" }, line.reason.replaceAll("_", " ")) : ""));
  }
  if (data.recalls.length) out.push(el("h3", {}, "Asked of memory"));
  for (const asked of data.recalls) {
    out.push(el("details", {}, el("summary", {}, `${asked.query} `, el("span", { class: "quiet" }, `${asked.answers.length} answers`)),
      ...asked.answers.map((hit) => el("div", { class: "row" }, el("span", {}, hit.text ?? shown(hit)), el("span", { class: "num" }, "score" in hit ? hit.score.toFixed(2) : "")))));
  }
  if (Object.keys(data.changes).length) out.push(el("h3", {}, "What changed in memory"));
  for (const [store, changes] of Object.entries(data.changes)) {
    out.push(el("details", { open: store === "graph" || store === "semantic" ? true : null }, el("summary", {}, `${store} `, el("span", { class: "quiet" }, `${changes.length} changes`)),
      ...changes.map((text) => el("div", { class: "row" }, el("span", {}, text)))));
  }
  return out;
}

const shown = (value) => Array.isArray(value) ? value.map((v) => typeof v === "number" ? v.toFixed(2) : String(v)).join(", ")
  : typeof value === "object" ? JSON.stringify(value) : String(value).replaceAll("_", " ");

export function health(data) {
  if (!data) return [];
  if (data.failed) return [nothing(data.file), ...failures(data.failed)];
  const rows = [["file", data.file], ["robot", data.robot], ["version", data.version], ["size", bytes(data.bytes)],
    ["made", data.created_ns ? seconds(data.created_ns) : "–"], ["kept by", data["kept by"] ?? "–"],
    ["dropped up to", data.dropped_upto || "nothing"], ["damaged events", data.damaged]];
  return [
    el("table", {}, rows.map(([key, value]) => el("tr", {}, el("th", {}, key), el("td", {}, String(value))))),
    el("h3", {}, "Stores"),
    el("table", {}, el("tr", {}, el("th", {}, "store"), el("th", {}, "state"), el("th", { class: "num" }, "events"), el("th", { class: "num" }, "snapshot at")),
      Object.entries(data.stores).map(([name, s]) => el("tr", {}, el("td", {}, name), el("td", {}, state(s.fault ? "fault" : "ready"), s.fault ? el("div", { class: "error" }, s.fault) : ""),
        el("td", { class: "num" }, s.events), el("td", { class: "num" }, s.snapshots.map(([at]) => at).join(", ") || "–")))),
    ...(data.unknown.length ? [el("p", { class: "error" }, `Events of unknown stores: ${data.unknown.join(", ")}`)] : []),
  ];
}
