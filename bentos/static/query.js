// The search box and what lies in it: words, a photo, a sound, a product, and how much each counts.
import { post, mediaUrl } from "./api.js";
import * as clips from "./clips.js";
import { announce, button, fill, h, icon } from "./dom.js";
import { number, t } from "./i18n.js";
import { soundButton } from "./player.js";
import { address, parts, withText } from "./state.js";
import { combobox } from "./suggest.js";

const titles = new Map();

/** Build the box once; `show(state)` brings it in line with an address. */
export function queryBox(go) {
  let state = null;
  const input = h("input", { id: "q", name: "q", type: "text", inputmode: "search", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
    maxlength: "2000", "aria-keyshortcuts": "/", "aria-label": t("search.label"), placeholder: t("search.placeholder") });
  const suggestions = combobox(input, ({ kind, path, text }) => {
    const words = kind === "title" || kind === "query";
    const next = withText(state, words ? text : "");
    input.value = next.text;
    go(address(words ? next : { ...next, [kind]: [kind === "category" ? path : text] }), { again: true });
  });
  const file = h("input", { id: "photo-file", type: "file", accept: "image/jpeg,image/png,image/webp,image/*", class: "sr",
    tabindex: "-1", "aria-hidden": "true", on: { change: () => takeAll(file.files, file) } });
  const soundFile = h("input", { id: "sound-file", type: "file", accept: "audio/*", class: "sr", tabindex: "-1",
    "aria-hidden": "true", on: { change: () => takeAll(soundFile.files, soundFile) } });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const tray = h("section", { class: "tray", "aria-label": t("tray.label"), hidden: true });
  const panel = h("div", { class: "panel", id: "sound-panel", hidden: true });
  const opener = button(t("sound.add"), { class: "part", "aria-expanded": "false", "aria-controls": "sound-panel",
    on: { click: () => openPanel(panel.hidden) } }, icon("mic"));
  const form = h("form", { class: "box", role: "search", "aria-label": t("search.label"), on: { submit } },
    icon("search", "lead"), input, suggestions.list,
    button(t("photo.add"), { class: "part", on: { click: () => file.click() } }, icon("photo")), opener,
    h("button", { class: "primary go", type: "submit" }, t("search.go")), file, soundFile);
  let recording = null;

  function submit(event) {
    event.preventDefault();
    suggestions.close();
    tell("");
    go(address(withText(state, input.value.trim())), { again: true });
  }

  function tell(text) {
    problem.hidden = !text;
    problem.textContent = text;
  }

  async function takeAll(files, from) {
    if (!files.length) return;
    tell("");
    let next = withText(state, input.value.trim());
    try {
      for (const one of files) {
        const { kind, name } = await clips.take(one);
        next = { ...next, [kind]: name };
      }
      openPanel(false);
      go(address(next));
    } catch (error) {
      if (!(error instanceof clips.ClipError)) throw error;
      tell(t(error.message));
    } finally {
      if (from) from.value = "";
    }
  }

  function openPanel(open) {
    if (!open && recording) recording.stop();
    panel.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) {
      choices();
      panel.querySelector("button").focus();
    }
  }

  function choices() {
    fill(panel, h("p", {}, t("sound.hint")), h("div", { class: "row" },
      button(t("sound.record"), { class: "primary", on: { click: listen } }),
      button(t("sound.choose"), { class: "quiet", on: { click: () => soundFile.click() } })));
  }

  async function listen() {
    tell("");
    const level = h("div", { class: "level" });
    const clock = h("span", { role: "timer" }, t("sound.recording", { n: 0 }));
    try {
      recording = await clips.record((seconds, loud) => {
        clock.textContent = t("sound.recording", { n: Math.floor(seconds) });
        level.style.setProperty("--loud", Math.min(1, loud * 4));
      });
    } catch {
      choices();
      tell(t("sound.noMicrophone"));
      return;
    }
    fill(panel, h("div", { class: "row" }, h("span", { class: "pulse" }), clock, level,
      button(t("sound.stop"), { class: "primary", on: { click: () => recording.stop() } })));
    panel.querySelector("button").focus();
    try {
      const { name } = await recording.done;
      go(address({ ...withText(state, input.value.trim()), sound: name }));
    } catch (error) {
      if (!(error instanceof clips.ClipError)) throw error;
      tell(t(error.message));
    } finally {
      recording = null;
      openPanel(false);
    }
  }

  function chip(part) {
    const what = t(`tray.${part === "text" ? "words" : part}`);
    const remove = button(t("tray.remove", { what }), { class: "remove", "data-key": `remove-${part}`,
      on: { click: () => { input.focus(); go(address({ ...state, [part]: "", page: 1 })); } } }, icon("close"));
    if (part === "photo") {
      return h("li", { class: "chip" }, h("img", { src: clips.url(state.photo), alt: "" }), what, remove);
    }
    if (part === "sound") return h("li", { class: "chip" }, soundButton(clips.url(state.sound), what, "small"), what, remove);
    if (part === "product") {
      const name = h("span", { class: "name", dir: "auto" }, titles.get(state.product)?.title ?? state.product);
      const image = h("span", { class: "thumb" });
      label(state.product, name, image);
      return h("li", { class: "chip" }, image, name, remove);
    }
    return h("li", { class: "chip words" }, h("span", { class: "name", dir: "auto" }, state.text), remove);
  }

  async function label(product, name, image) {
    if (!titles.has(product)) {
      try {
        const { result } = await post("/products/get", { product_id: product });
        titles.set(product, { title: result.title || product, photo: result.photos[0] ?? "" });
      } catch {
        return; // the number stands in its place; the search itself says what is wrong
      }
    }
    const { title, photo } = titles.get(product);
    name.textContent = title;
    if (photo) image.replaceChildren(h("img", { src: mediaUrl(photo, 160), alt: "" }));
  }

  function slider(part) {
    const what = t(`tray.${part === "text" ? "words" : part}`);
    const shown = h("output", { for: `weight-${part}` }, number(state.weights[part], 1));
    return h("div", { class: "weight" }, h("label", { for: `weight-${part}` }, what),
      h("input", { id: `weight-${part}`, "data-key": `weight-${part}`, type: "range", min: "0", max: "3", step: "0.25",
        "aria-label": t("tray.weight", { what }), set: { value: String(state.weights[part]) },
        on: {
          input: (event) => { shown.textContent = number(Number(event.target.value), 2); },
          change: (event) => go(address({ ...state, page: 1,
            weights: { ...state.weights, [part]: Number(event.target.value) } }), { quiet: true }),
        } }), shown);
  }

  function show(next) {
    state = next;
    if (document.activeElement !== input || input.value.trim() === "") input.value = state.text;
    const given = parts(state).filter((part) => !["photo", "sound"].includes(part) || clips.data(state[part]));
    const lost = parts(state).length > given.length;
    const held = document.activeElement?.dataset?.key;
    tray.hidden = !given.some((part) => part !== "text");
    fill(tray, h("ul", { class: "chips" }, given.map(chip)),
      given.length > 1 ? h("div", { class: "mix", role: "group", "aria-label": t("tray.mix") },
        h("span", { class: "hint" }, t("tray.mix")), given.map(slider)) : null);
    if (held) tray.querySelector(`[data-key="${held}"]`)?.focus();
    if (lost) tell(t("media.lost"));
    return { given, lost };
  }

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      takeAll(files);
    }
  }, { signal: dropped() });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !panel.hidden) { openPanel(false); opener.focus(); }
    else if (event.key === "Escape" && input.value) { event.preventDefault(); input.value = ""; announce(t("search.clear")); }
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { openPanel(false); opener.focus(); }
  });
  dropTarget(takeAll);
  return { form, extras: h("div", { class: "extras" }, panel, tray, problem), show, input };
}

// The box is built anew when the language changes; the listeners of the old one must go.
let listening = null;
function dropped() {
  listening?.abort();
  listening = new AbortController();
  return listening.signal;
}

function dropTarget(take) {
  const curtain = document.getElementById("curtain") ?? h("div", { id: "curtain", class: "curtain", hidden: true });
  fill(curtain, h("p", {}, icon("photo"), t("drop.here")));
  document.body.append(curtain);
  const { signal } = listening;
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    curtain.hidden = false;
  }, { signal });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) curtain.hidden = true; }, { signal });
  addEventListener("drop", (event) => {
    curtain.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  }, { signal });
}
