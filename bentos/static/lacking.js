// A copy of the shop that does not hold all its photos says so, once, where the first one is missed.
import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

let told = false;

/** A photo that a product has did not come. */
export async function missed() {
  if (told) return;
  told = true;
  try {
    const { media } = await get("/release");
    if (!media.lack) return;
    const words = t("media.lacking", { n: media.named - media.files, named: media.named });
    document.getElementById("main").before(h("p", { class: "lacking", role: "status", title: media.lack }, icon("box"), words));
  } catch (error) {
    if (error.status === undefined) throw error; // no answer: the page itself says what is wrong
  }
}
