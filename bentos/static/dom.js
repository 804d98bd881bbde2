// Elements without markup strings: text is always text, so nothing a catalogue says can become code.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "circle", "rect", "g", "line", "text", "title"]);

/** An element. `on` holds listeners, `set` properties; null and false attributes are left out. */
export function h(name, attributes = {}, ...children) {
  const element = SVG_TAGS.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (key === "set") Object.assign(element, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child == null || child === false || child === "") continue;
    element.append(child);
  }
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const PATHS = {
  search: "M10.5 18a7.5 7.5 0 1 1 0-15 7.5 7.5 0 0 1 0 15ZM16 16l5 5",
  photo: "M4 8h3l1.5-2.5h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1ZM12 16.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Z",
  mic: "M12 14.5a3 3 0 0 0 3-3V6a3 3 0 1 0-6 0v5.5a3 3 0 0 0 3 3ZM6 11.5a6 6 0 0 0 12 0M12 17.5V21",
  close: "M6 6l12 12M18 6 6 18",
  play: "M8 5.5v13l11-6.5z",
  stop: "M7 7h10v10H7z",
  filter: "M4 7h16M7 12h10M10 17h4",
  similar: "M4 5h7v7H4zM13 12h7v7h-7zM15.5 5.5h2v2h-2zM6.5 16.5h2v2h-2z",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7",
  alert: "M12 8v5M12 16.5v.5M12 3l9.5 17h-19z",
  offline: "M3 3l18 18M8.5 8.6A9.5 9.5 0 0 0 3.5 11M12 8a9.5 9.5 0 0 1 8.5 3M7 14.5a6 6 0 0 1 6-1.6M12 19h.01",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  link: "M14 5h5v5M19 5l-8 8M10 6H6a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-4",
  clock: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17M12 7.500V12l3 2",
  undo: "M9 7 4.500 11.500 9 16M5 11.500h9a5 5 0 0 1 0 10h-3",
  down: "M12 4v11M7 11l5 5 5-5M5 20h14",
  star: "M12 4l2.4 5 5.6.7-4.1 3.8 1 5.5L12 16.3 7.1 19l1-5.5L4 9.700l5.600-.7z",
};

/** A drawn icon, hidden from screen readers: the words stand beside it or in its button's label. */
export function icon(name, kind = "") {
  return h("svg", { class: `icon ${kind}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    h("path", { d: PATHS[name] }));
}

/** An internal link; the router takes it over, and it still works in a new tab. */
export const link = (href, attributes, ...children) => h("a", { href, "data-route": true, ...attributes }, ...children);

export function button(label, attributes, ...children) {
  return h("button", { type: "button", "aria-label": children.length ? label : null, title: children.length ? label : null,
    ...attributes }, children.length ? children : label);
}

let pending = 0;
/** Tell screen readers, once per change. */
export function announce(text) {
  clearTimeout(pending);
  const live = document.getElementById("live");
  live.textContent = "";
  pending = setTimeout(() => { live.textContent = text; }, 60);
}

/** Plain text of a description that may hold HTML. Tags go before anything parses it: even in a document
 * that is never shown, a handler in a tag would offend the page's content policy. */
export function plain(text) {
  if (!/[<&]/.test(text)) return text;
  const bare = text.replace(/<(script|style)\b[\s\S]*?(<\/\1\s*>|$)/gi, " ").replace(/<\/?[a-z!][^>]*>/gi, " ");
  const parsed = new DOMParser().parseFromString(bare.replaceAll("<", "&lt;"), "text/html");
  return parsed.body.textContent.replace(/[^\S\n]+/g, " ").trim();
}
