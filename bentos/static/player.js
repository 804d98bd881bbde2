// One sound at a time: starting one stops the other.
import { button, fill, icon } from "./dom.js";
import { t } from "./i18n.js";

let playing = null;

/** A button that plays and stops the sound behind `source`. */
export function soundButton(source, title, kind = "round", words = "") {
  const audio = new Audio();
  audio.preload = "none";
  const label = t("card.play", { title });
  const self = button(label, { class: `sound ${kind}`, "aria-pressed": "false", on: { click: toggle } }, icon("play"), words);

  function show(on) {
    const now = on ? t("card.stop") : label;
    self.setAttribute("aria-pressed", String(on));
    self.setAttribute("aria-label", now);
    self.title = now;
    fill(self, icon(on ? "stop" : "play"), words);
    if (!on && playing === stop) playing = null;
  }
  function stop() {
    audio.pause();
    audio.currentTime = 0;
    show(false);
  }
  async function toggle(event) {
    event.preventDefault();
    if (!audio.paused) return stop();
    playing?.();
    audio.src ||= source;
    playing = stop;
    show(true);
    try {
      await audio.play();
    } catch {
      show(false);
      self.disabled = true; // its file is gone or of a kind this browser does not play
    }
    return undefined;
  }
  audio.addEventListener("ended", () => show(false));
  return self;
}

export const silence = () => playing?.();
