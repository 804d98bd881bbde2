// Charts of the release page: intervals, a confusion matrix as a table, a map of dots.
import { fill, h } from "./dom.js";
import { number, percent, t } from "./i18n.js";
import { categoryName } from "./names.js";

/** Rows of [name, value, [low, high]?, kind?, note?] as a table with bars and their intervals. */
export function intervals(rows) {
  return h("table", { class: "intervals" }, h("tbody", {}, rows.map(([name, value, spread, kind, note]) => {
    const track = h("span", { class: `track ${kind ?? ""}`, "aria-hidden": "true" }, h("span", { class: "full" }));
    track.style.setProperty("--part", value);
    if (spread) {
      track.append(h("span", { class: "spread" }));
      track.style.setProperty("--low", spread[0]);
      track.style.setProperty("--high", spread[1]);
    }
    const range = spread ? `${percent(spread[0], 1)} – ${percent(spread[1], 1)}` : "";
    return h("tr", {}, h("th", { scope: "row" }, name, note ? h("small", {}, note) : null), h("td", { class: "drawn" }, track),
      h("td", { class: "n" }, percent(value, 1), range ? h("small", {}, range) : null));
  })));
}

const DRAWN = 20;

/** The busiest classes of a matrix: those with most mistakes, then most products. */
function busiest(labels, matrix) {
  const rows = labels.map((name, i) => {
    const total = matrix[i].reduce((sum, n) => sum + n, 0);
    return { i, name, total, wrong: total - matrix[i][i] };
  });
  rows.sort((a, b) => b.wrong - a.wrong || b.total - a.total || a.i - b.i);
  return rows.slice(0, DRAWN).map((row) => row.i).sort((a, b) => a - b);
}

export function confusion(labels, matrix) {
  const large = labels.length > DRAWN;
  const shown = large ? busiest(labels, matrix) : labels.map((_, i) => i);
  const short = categoryName;
  const cell = (i, j) => {
    const n = matrix[i][j];
    const total = Math.max(1, matrix[i].reduce((sum, x) => sum + x, 0));
    const kind = i === j ? "right" : n ? "wrong" : "none";
    const drawn = h("td", { class: kind, title: n ? t("about.confusion.cell", { n, actual: short(labels[i]), predicted: short(labels[j]) }) : null },
      n ? number(n) : h("span", { class: "sr" }, "0"));
    drawn.style.setProperty("--part", n / total);
    return drawn;
  };
  return [large ? h("p", { class: "hint" }, t("about.confusion.large", { n: shown.length })) : null,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("about.confusion") },
      h("table", { class: "matrix" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "corner" }, t("about.actual")),
        shown.map((j) => h("th", { scope: "col", class: "turned" }, h("span", { dir: "auto" }, short(labels[j])))))),
      h("tbody", {}, shown.map((i) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, short(labels[i])), shown.map((j) => cell(i, j)))))))];
}

const COLOURS = 12;
const WIDE = 1000;
const HIGH = 620;
const EDGE = 16;

/** Dots by category. Hover, tap or arrow keys pick the nearest; Enter opens it. */
export function vectorMap({ points, labels }, open) {
  const places = points.map(([x, y]) => [EDGE + x * (WIDE - 2 * EDGE), EDGE + (1 - y) * (HIGH - 2 * EDGE)]);
  const kind = (label) => (label >= 0 && label < COLOURS ? `k${label}` : "other");
  const dots = points.map(([, , label], i) => h("circle", { cx: places[i][0].toFixed(1), cy: places[i][1].toFixed(1), r: 4.5,
    class: kind(label) }));
  const ring = h("circle", { r: 11, class: "ring", cx: -99, cy: -99 });
  const svg = h("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "dots", role: "application", tabindex: "0",
    "aria-label": `${t("about.mapTitle")}. ${t("about.mapPick")}`, "aria-describedby": "map-said" }, h("g", {}, dots), ring);
  const said = h("p", { class: "said", id: "map-said", "aria-live": "polite" }, t("about.mapPick"));
  let picked = -1;
  let only = -1;
  const visible = (i) => only < 0 || (only === COLOURS ? kind(points[i][2]) === "other" : points[i][2] === only);

  function pick(i) {
    if (i < 0 || i === picked) return;
    picked = i;
    ring.setAttribute("cx", places[i][0]);
    ring.setAttribute("cy", places[i][1]);
    const [, , label, id, title] = points[i];
    fill(said, h("span", { dir: "auto" }, title || id), label >= 0 ? h("span", { class: "count" }, labels[label]) : null,
      h("a", { href: `/product/${encodeURIComponent(id)}`, "data-route": true }, t("about.mapOpen")));
  }
  function nearest(x, y, test = () => true) {
    let [best, least] = [-1, Infinity];
    places.forEach(([px, py], i) => {
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least && visible(i) && test(px - x, py - y, i)) [best, least] = [i, far];
    });
    return best;
  }
  function under(event) {
    const frame = svg.getBoundingClientRect();
    return nearest(((event.clientX - frame.left) / frame.width) * WIDE, ((event.clientY - frame.top) / frame.height) * HIGH);
  }
  svg.addEventListener("pointermove", (event) => pick(under(event)));
  svg.addEventListener("click", (event) => {
    const i = under(event);
    if (event.pointerType === "mouse" || i === picked) open(points[i][3]);
    else pick(i);
  });
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Enter" && picked >= 0) open(points[picked][3]);
    if (!way) return;
    event.preventDefault();
    const [x, y] = picked < 0 ? [WIDE / 2, HIGH / 2] : places[picked];
    // The nearest dot within 45 degrees of the arrow.
    pick(nearest(x, y, (dx, dy, i) => i !== picked && dx * way[0] + dy * way[1] > Math.abs(dx * way[1]) + Math.abs(dy * way[0])));
  });

  const rest = labels.length > COLOURS || points.some(([, , label]) => label < 0);
  const names = [...labels.slice(0, COLOURS).map((name, i) => [name, i]), ...(rest ? [[t("about.mapOther"), COLOURS]] : [])];
  const keys = names.map(([name, i]) => h("button", { type: "button", class: "key", "aria-pressed": "false",
    on: { click: () => {
      only = only === i ? -1 : i;
      keys.forEach((key, j) => key.setAttribute("aria-pressed", String(names[j][1] === only)));
      dots.forEach((dot, j) => dot.classList.toggle("faint", !visible(j)));
    } } }, h("span", { class: `dot ${i < COLOURS ? `k${i}` : "other"}`, "aria-hidden": "true" }), h("span", { dir: "auto" }, name)));
  return h("figure", { class: "map" }, svg, said, h("div", { class: "keys", role: "group", "aria-label": t("filters.category") }, keys));
}
