// Asks for a key where the service wants one; the server keeps it in a cookie that scripts cannot read.
import { button, h } from "./dom.js";
import { t } from "./i18n.js";

let asking = null;

/** Resolves to true once a key was accepted, false where the shopper declines; several calls share a dialog. */
export function askForKey() {
  asking ??= show().finally(() => { asking = null; });
  return asking;
}

function show() {
  return new Promise((done) => {
    const wrong = h("p", { class: "problem", role: "alert" });
    const input = h("input", { id: "key", type: "password", autocomplete: "current-password", required: true,
      spellcheck: "false" });
    const dialog = h("dialog", { class: "login", "aria-labelledby": "login-title" },
      h("form", { on: { submit: enter } },
        h("h2", { id: "login-title" }, t("login.title")),
        h("p", {}, t("login.text")),
        h("label", { for: "key" }, t("login.key")), input, wrong,
        h("div", { class: "row end" },
          button(t("login.cancel"), { class: "quiet", on: { click: () => dialog.close() } }),
          h("button", { class: "primary", type: "submit" }, t("login.go")))));
    let accepted = false;

    async function enter(event) {
      event.preventDefault();
      wrong.textContent = "";
      try {
        const answer = await fetch("/session", { method: "POST", headers: { "content-type": "application/json" },
          body: JSON.stringify({ key: input.value.trim() }) });
        if (answer.ok) {
          accepted = true;
          dialog.close();
          return;
        }
        wrong.textContent = t(answer.status === 429 ? "error.busy" : "login.wrong");
      } catch {
        wrong.textContent = t("error.network");
      }
      input.select();
    }

    dialog.addEventListener("close", () => { dialog.remove(); done(accepted); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
