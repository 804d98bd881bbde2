// Suggestions while typing: the editable combobox with list autocomplete of the ARIA Authoring Practices.
// Focus stays in the input; the option that Enter takes is named by aria-activedescendant.
import { mediaUrl } from "./api.js";
import { marked } from "./card.js";
import { announce, fill, h, icon } from "./dom.js";
import { number, t } from "./i18n.js";
import { categoryName } from "./names.js";

const PAUSE = 50; // milliseconds without a key before the service is asked
const MOST = 8;
const LONGEST = 80;
const KEPT = 60;
const KINDS = ["query", "category", "brand", "title"];
const ICONS = { query: "search", category: "filter", brand: "star", title: "search" };
const answers = new Map();

async function ask(prefix, signal) {
  if (answers.has(prefix)) return answers.get(prefix);
  const answer = await fetch("/suggest", { method: "POST", signal, headers: { "content-type": "application/json" },
    body: JSON.stringify({ prefix, k: MOST }) });
  if (!answer.ok) return []; // typing goes on without; the search itself says what is wrong
  const { suggestions } = (await answer.json()).result;
  answers.set(prefix, suggestions);
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
  return suggestions;
}

/** Make `input` a combobox; `choose(suggestion)` takes one. Gives its list, and a function that closes it. */
export function combobox(input, choose) {
  const list = h("div", { class: "suggestions", id: "suggestions", role: "listbox", "aria-label": t("suggest.label"), hidden: true,
    on: { mousedown: (event) => event.preventDefault() } }); // a press takes no focus from the input
  let options = [];
  let active = -1;
  let composing = false;
  let timer = 0;
  let running = null;

  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
    "aria-controls": list.id, "aria-haspopup": "listbox" })) input.setAttribute(name, value);

  function pick(place) {
    active = place;
    options.forEach(({ element }, i) => element.setAttribute("aria-selected", String(i === place)));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", options[place].element.id);
      options[place].element.scrollIntoView({ block: "nearest" });
    }
  }

  function close() {
    clearTimeout(timer);
    running?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    pick(-1);
  }

  function take(one) {
    close();
    choose(one);
  }

  function option(one) {
    const heads = one.path ? one.path.split(" > ").map((_, i, all) => all.slice(0, i + 1).join(" > ")) : [];
    const own = heads.length ? categoryName(heads.pop()) : one.text; // it may have been typed by another of its names
    const more = [own === one.text ? "" : own, heads.length ? t("suggest.in", { path: heads.map(categoryName).join(" › ") }) : ""];
    const element = h("div", { role: "option", id: `suggestion-${options.length}`, class: "suggestion", "aria-selected": "false",
      on: { click: () => take(one) } }, thumb(one),
      h("span", { class: "words", dir: "auto" }, marked(one.text, one.marks),
        more.some(Boolean) ? h("small", {}, ` ${more.filter(Boolean).join(" ")}`) : null),
      one.count == null ? null : h("span", { class: "count" }, number(one.count)));
    options.push({ one, element });
    return element;
  }

  /** A small photo of a product that has one; else what kind of suggestion it is. */
  function thumb({ kind, photo }) {
    const frame = h("span", { class: "thumb" }, icon(ICONS[kind]));
    if (!photo) return frame;
    const image = h("img", { src: mediaUrl(photo, 160), alt: "", width: 36, height: 36, on: { load: () => frame.replaceChildren(image) } });
    return frame;
  }

  function draw(found) {
    options = [];
    fill(list, KINDS.map((kind) => {
      const own = found.filter((one) => one.kind === kind);
      return own.length ? h("div", { role: "group", "aria-labelledby": `suggest-${kind}` },
        h("div", { class: "group", id: `suggest-${kind}`, role: "presentation" }, t(`suggest.${kind}`)), own.map(option)) : null;
    }));
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(options.length > 0));
    list.scrollTop = 0;
    announce(options.length ? t("suggest.count", { n: options.length }) : t("suggest.none"));
  }

  async function suggest() {
    running?.abort(); // what was asked before must not answer after
    const prefix = input.value.trim();
    if (!prefix || prefix.length > LONGEST) return close();
    running = new AbortController();
    const { signal } = running;
    try {
      const found = await ask(prefix, signal);
      if (!signal.aborted && document.activeElement === input) draw(found);
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error; // TypeError: nothing answered
    }
    return undefined;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(suggest, PAUSE);
  }

  function move(step) {
    const last = options.length - 1;
    // Beyond either end the input itself is next, as typed.
    pick(active < 0 ? (step > 0 ? 0 : last) : active + step > last ? -1 : active + step);
  }

  const open = () => !list.hidden;
  const keys = {
    ArrowDown: (event) => { if (!open()) suggest().then(() => { if (open() && !event.altKey) pick(0); }); else if (!event.altKey) move(1); return true; },
    ArrowUp: (event) => { if (open() && event.altKey) close(); else if (open()) move(-1); return open() || event.altKey; },
    Enter: () => { if (!open() || active < 0) { close(); return false; } take(options[active].one); return true; },
    Escape: () => { if (!open()) return false; close(); return true; },
    Home: () => { pick(-1); return false; },
    End: () => { pick(-1); return false; },
    Tab: () => { close(); return false; },
  };
  input.addEventListener("keydown", (event) => {
    if (composing || event.isComposing || !keys[event.key] || event.ctrlKey || event.metaKey) return;
    if (keys[event.key](event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  // An input method writes letters before it writes Chinese: they are nobody's words yet.
  input.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); running?.abort(); });
  input.addEventListener("compositionend", () => { composing = false; later(); });
  input.addEventListener("input", (event) => { if (!composing && !event.isComposing) later(); });
  input.addEventListener("blur", close);
  return { list, close };
}
