// Pages for the shop's people: facts and tables that the service describes, each table with a download.
import { get, mediaUrl, productUrl } from "./api.js";
import { said, written } from "./cells.js";
import { announce, button, fill, h, icon, link } from "./dom.js";
import { day, language, number, t } from "./i18n.js";
import { askForKey } from "./login.js";
import { forget, forPeople } from "./session.js";

const FIRST = 25;
const RIGHT = new Set(["number", "money", "percent", "share"]);

/** Numbers in time as a small line; screen readers are told its ends. */
function line(values) {
  const known = values.filter((value) => value != null);
  if (known.length < 2) return "–";
  const [low, high] = [Math.min(...known, 0), Math.max(...known)];
  const at = (value, i) => `${((i / (values.length - 1)) * 96 + 2).toFixed(1)} ${(26 - ((value - low) / (high - low || 1)) * 24).toFixed(1)}`;
  const path = values.map((value, i) => (value == null ? "" : `${i && values[i - 1] != null ? "L" : "M"}${at(value, i)}`)).join("");
  const words = t("people.line", { first: number(known[0], 1), last: number(known.at(-1), 1) });
  return [h("svg", { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" }, h("path", { d: path })),
    h("span", { class: "sr" }, words)];
}

function product({ id, title, photo }) {
  const shown = h("span", { class: "thumb", "aria-hidden": "true" }, photo
    ? h("img", { src: mediaUrl(photo, 160), alt: "", loading: "lazy", width: 40, height: 40, on: { error: (event) => event.target.remove() } })
    : icon("box"));
  const name = title || id;
  return h("span", { class: "of-product" }, shown, title ? link(productUrl(id), { dir: "auto" }, name) : h("span", { dir: "auto" }, name));
}

function cell(value, column, first) {
  const attributes = { class: `kind-${column.kind}${RIGHT.has(column.kind) ? " n" : ""}${column.brief ? " brief" : ""}`, ...(first ? { scope: "row" } : {}) };
  const tag = first ? "th" : "td";
  if (column.kind === "product") return h(tag, attributes, product(value));
  if (column.kind === "series") return h(tag, attributes, line(value ?? []));
  if (column.kind === "money") return h(tag, attributes, written(value[0], { ...column, currency: value[1] }));
  if (column.kind === "share") {
    const drawn = h(tag, attributes, written(value, column));
    drawn.style.setProperty("--part", (value ?? 0) / column.most);
    return drawn;
  }
  return h(tag, { ...attributes, dir: ["text", "words"].includes(column.kind) ? "auto" : null }, written(value, column));
}

function table(page, { name, title, text, empty, columns, rows, total }) {
  const heading = said(title);
  columns.forEach((column, i) => {
    if (column.kind === "share") column.most = Math.max(...rows.map((row) => row[i] ?? 0)) || 1;
    column.brief = column.kind === "said" && rows.every((row) => said(row[i]).length < 32);
  });
  const body = h("tbody", {});
  const draw = (from, to) => body.append(...rows.slice(from, to).map((row) =>
    h("tr", {}, row.map((value, i) => cell(value, columns[i], i === 0)))));
  const told = h("p", { class: "hint", "aria-live": "polite" });
  const tell = (shown) => { told.textContent = shown < total ? t("people.shown", { shown, total }) : t("people.all", { n: total }); };
  const rest = button(t("people.more"), { class: "quiet", on: { click: () => {
    draw(FIRST, rows.length);
    tell(rows.length);
    rest.remove();
    body.rows[FIRST].querySelector("a, th")?.focus?.();
  } } });
  draw(0, FIRST);
  tell(Math.min(FIRST, rows.length));
  const file = `/insights/${page}/${name}.csv?language=${language()}`;
  return h("section", { class: "sheet-section", id: name }, h("div", { class: "row apart" }, h("h2", {}, heading),
    total ? h("a", { class: "quiet", href: file, download: `${page}-${name}.csv`, "aria-label": t("people.downloadOf", { what: heading }) },
      icon("down"), t("people.download")) : null),
  text ? h("p", { class: "hint" }, said(text)) : null,
  total ? [h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heading },
    h("table", { class: "people" }, h("thead", {}, h("tr", {}, columns.map((column) =>
      h("th", { scope: "col", class: RIGHT.has(column.kind) ? "n" : "" }, said(column.title))))), body)),
  h("div", { class: "row" }, told, rows.length > FIRST ? rest : null)]
    : h("p", { class: "plain none" }, said(empty)));
}

const fact = ({ title, value, note, ...how }) => h("div", { class: "fact" }, h("dt", {}, said(title)),
  h("dd", {}, written(value, how), note ? h("small", {}, said(note)) : null));

function places(pages, here) {
  return h("nav", { class: "tabs people-tabs", "aria-label": t("people.nav") }, pages.map(({ name, title }) =>
    link(`/${name}`, { "aria-current": name === here ? "page" : null }, said(title))));
}

export function peoplePage(go, box) {
  const root = h("div", { class: "page-about page-people" });
  const frame = h("div", { class: "shop" }, box.extras, root);
  let running = null;

  async function show(url, { focus = false } = {}) {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const name = url.pathname.slice(1);
    fill(root, h("div", { class: "lead", "aria-hidden": "true" }, h("div", { class: "bone mid" }), h("div", { class: "bone block" })));
    try {
      const { pages } = await forPeople();
      const sheet = await get(`/insights/${name}`, signal);
      if (signal.aborted) return;
      const heading = said(sheet.title);
      document.title = `${heading} – Shelfspace`;
      fill(root, places(pages, name), h("div", { class: "lead" }, h("h1", { tabindex: "-1" }, heading), h("p", {}, said(sheet.text)),
        sheet.until ? h("p", { class: "hint" }, t("people.until", { when: day(sheet.until) })) : null),
      sheet.lacks ? h("p", { class: "differs big" }, icon("alert"), h("span", {}, said(sheet.lacks))) : null,
      sheet.facts.length ? h("dl", { class: "facts-row" }, sheet.facts.map(fact)) : null,
      sheet.tables.map((one) => table(name, one)));
      announce(heading);
    } catch (error) {
      if (signal.aborted || error.status === undefined) {
        if (!signal.aborted) throw error;
        return;
      }
      const closed = error.status === 401 || error.status === 403;
      document.title = `${t(closed ? "people.closed" : "error.title")} – Shelfspace`;
      const again = async () => {
        if (closed && !(await askForKey())) return;
        forget();
        go(url.pathname, { again: true });
      };
      fill(root, h("div", { class: "state", role: "alert" }, icon(closed ? "box" : "alert", "big"),
        h("h1", { tabindex: "-1" }, t(closed ? "people.closed" : "error.title")), h("p", {}, closed ? t("people.closedText") : error.message),
        button(t(closed ? "people.key" : "error.retry"), { class: "primary", on: { click: again } })));
    }
    if (focus) root.querySelector("h1")?.focus({ preventScroll: true });
  }
  return { root: frame, show, leave: () => running?.abort() };
}
