// While the service loads its release the page says so; the calls that wait go on by themselves.
import { announce, fill, h, icon } from "./dom.js";
import { t } from "./i18n.js";

/** Whether an answer of 503 means that there is no release yet. */
export const isStarting = (detail) => detail.field === "release" || detail.field === "service";

const place = h("section", { class: "starting state", hidden: true });
let said = "";

/** Say that the release is being loaded, or why none can be: the service goes on looking for one. */
export function starting(detail) {
  const problem = (detail.value ?? "").includes("none can be loaded") ? detail.remedy : "";
  const title = t(problem ? "starting.problem" : "starting.title");
  if (said === title + problem && !place.hidden) return;
  said = title + problem;
  fill(place, icon(problem ? "alert" : "box", problem ? "big" : "big breathing"), h("h2", {}, title), h("p", {}, problem || t("starting.text")));
  if (!place.isConnected) document.getElementById("main").before(place);
  place.hidden = false;
  document.body.dataset.starting = "";
  announce(title);
}

export function started() {
  place.hidden = true;
  delete document.body.dataset.starting;
}
