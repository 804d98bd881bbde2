// Starts the page: header, language, and the route from an address to a view.
import { fill, h, link } from "./dom.js";
import { choose, language, LANGUAGES, t, tag } from "./i18n.js";
import { inCart, whenKept } from "./kept.js";
import { silence } from "./player.js";
import { productPage } from "./product.js";
import { queryBox } from "./query.js";
import { searchPage } from "./search.js";
import { forPeople } from "./session.js";

const top = document.getElementById("top");
const main = document.getElementById("main");
let box = null;
let view = null;
let viewName = "";

history.scrollRestoration = "manual";
document.documentElement.lang = tag();

function logo() {
  return h("svg", { class: "logo", viewBox: "0 0 32 32", "aria-hidden": "true" },
    h("rect", { class: "ground", width: "32", height: "32", rx: "8" }), h("path", { class: "board", d: "M6 24.5h20" }),
    h("rect", { class: "one", x: "8", y: "11", width: "4.6", height: "11", rx: "1.2" }),
    h("rect", { class: "two", x: "14", y: "8", width: "4.6", height: "14", rx: "1.2" }),
    h("circle", { class: "three", cx: "23", cy: "18.6", r: "3.4" }));
}

function drawFrame() {
  drawCart();
  box = queryBox(go);
  const languages = h("div", { class: "languages", role: "group", "aria-label": t("language.label") },
    LANGUAGES.map(([name, long, short]) => h("button", { type: "button", lang: name === "zh" ? "zh-CN" : "en", title: long,
      "aria-label": long, "aria-pressed": String(name === language()), "data-key": `language-${name}`,
      on: { click: () => speak(name) } }, short)));
  fill(top, h("div", { class: "inner" }, link("/", { class: "brand", "aria-label": t("brand.home") }, logo(), h("span", {}, "Shelfspace")),
    box.form, h("nav", { class: "places", "aria-label": "Shelfspace" }, forPeoplePlace(), cartPlace, link("/about", { class: "place" }, t("nav.about.short")), languages)));
  fill(document.getElementById("foot"), h("div", { class: "inner" }, h("p", {}, t("footer.text")),
    h("p", {}, link("/about", {}, t("nav.about")), h("a", { href: "/docs" }, t("footer.api")))));
  document.getElementById("skip").textContent = t("skip");
}

/** The way to the pages for the shop's people; hidden from everyone else. */
function forPeoplePlace() {
  const place = link("/", { class: "place people-place", hidden: true }, t("people.short"));
  forPeople().then(({ pages }) => {
    if (!pages.length) return;
    place.setAttribute("href", `/${pages[0].name}`);
    place.hidden = false;
  });
  return place;
}

const cartPlace = link("/cart", { class: "place" });
function drawCart() {
  const n = inCart().length;
  cartPlace.hidden = !n;
  fill(cartPlace, t("cart.short", { n }));
}
whenKept(drawCart);

function speak(name) {
  const words = box.input.value;
  choose(name);
  viewName = "";
  drawFrame();
  box.input.value = words;
  show({ restore: scrollY, kept: true });
  top.querySelector(`[data-key="language-${name}"]`).focus();
}

const KINDS = { "/": "search", "/about": "about", "/cart": "cart" };
const kindOf = (url) => (url.pathname.startsWith("/product/") ? "product" : KINDS[url.pathname] ?? "people");

/** The view of a kind; the code of pages that are no shop is fetched when they are first asked for. */
async function make(kind) {
  if (kind === "people") return (await import("./people.js")).peoplePage(go, box);
  if (kind === "cart") return (await import("./cart.js")).cartPage(go, box);
  if (kind === "about") return (await import("./about.js")).aboutPage(go, box);
  return kind === "product" ? productPage(go, box) : searchPage(go, box);
}

let shows = 0;
async function show({ restore = 0, ...how } = {}) {
  const url = new URL(location.href);
  const kind = kindOf(url);
  const turn = ++shows;
  silence();
  if (kind !== viewName) {
    view?.leave();
    const made = await make(kind);
    if (turn !== shows) return;
    [view, viewName] = [made, kind];
    fill(main, view.root);
    document.body.dataset.view = kind;
  }
  for (const place of top.querySelectorAll(".place")) {
    const here = place.classList.contains("people-place") ? kind === "people" : place.getAttribute("href") === url.pathname;
    place.toggleAttribute("aria-current", here);
    if (here) place.setAttribute("aria-current", "page");
  }
  if (!how.quiet) scrollTo({ top: 0, behavior: "instant" });
  await view.show(url, how);
  if (restore && turn === shows) scrollTo({ top: restore, behavior: "instant" });
}

/** Go to an address of this page. `quiet` keeps the place on the page, `again` asks even for the same address. */
function go(href, how = {}) {
  const here = location.pathname + location.search;
  if (href === here && !how.again) return;
  const from = kindOf(new URL(href, location.href)) === "product" && viewName === "search" ? here : null;
  if (href !== here) {
    history.replaceState({ ...history.state, y: scrollY }, "");
    history.pushState({ from }, "", href);
  }
  show({ focus: !how.quiet, quiet: how.quiet });
}

addEventListener("popstate", (event) => show({ restore: event.state?.y ?? 0, kept: true }));
addEventListener("scrollend", () => history.replaceState({ ...history.state, y: scrollY }, ""));
addEventListener("online", () => show({ quiet: true }));

document.addEventListener("click", (event) => {
  const target = event.target.closest("a[data-route]");
  if (!target || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(target.getAttribute("href"), { again: target.getAttribute("href") === location.pathname + location.search });
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]):not([type=range]), textarea, select, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.input.focus();
    box.input.select();
  }
});

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
  main.scrollIntoView();
});

drawFrame();
show({ restore: history.state?.y ?? 0 });
