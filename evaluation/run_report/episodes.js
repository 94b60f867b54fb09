"use strict";
// Sorts and filters the table of episodes, and begins the page of an episode at its top. All else works without.
(() => {
  const table = document.querySelector("table.list");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const form = document.querySelector(".filter");
  const count = form.querySelector("output");

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.v;
    if (value === undefined) return cell.textContent.trim().toLowerCase();
    return value === "" ? null : Number(value);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);

  const sort = (heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row) => [keyOf(row, heading.cellIndex), row]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return down ? compare(b, a) : compare(a, b);
    });
    body.append(...keyed.map(([, row]) => row));
  };

  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
  }

  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const variant = form.elements.variant ? form.elements.variant.value : "";
    const only = form.elements.only.value;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && (!variant || row.dataset.variant === variant);
      row.hidden = !(fits && (!only || row.dataset.is.split(" ").includes(only)));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();

  let before = 0;
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#run-"]');
    if (link && !document.querySelector(".episode:target")) before = window.scrollY;
  });
  window.addEventListener("hashchange", () => {
    const page = document.querySelector(".episode:target");
    if (page) window.scrollTo(0, 0);
    else if (location.hash === "#episodes" && before) window.scrollTo(0, before);
  });
})();
