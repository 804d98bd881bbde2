// The release that answers: figures, what it mistakes for what, a map of its vectors, drift.
import { get, productUrl } from "./api.js";
import { confusion, intervals, vectorMap } from "./charts.js";
import { button, fill, h, icon } from "./dom.js";
import { ago, difference, figure, moment, number, percent, t } from "./i18n.js";
import { names } from "./names.js";
import { EMPTY } from "./state.js";

const section = (title, text, ...children) =>
  h("section", { class: "sheet-section" }, h("h2", {}, title), text ? h("p", { class: "hint" }, text) : null, children);
const fact = (name, value, more) => h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, value,
  more ? h("small", {}, more) : null));

function facts(release) {
  const recall = release.index.recall_at_10;
  return h("dl", { class: "facts-row" },
    fact(t("about.release"), h("code", {}, release.release), release.created_at
      ? h("time", { datetime: release.created_at, title: moment(release.created_at) }, t("about.age", { when: ago(release.created_at) })) : null),
    fact(t("about.products"), number(release.rows)),
    fact(t("about.vectors"), number(release.dim)),
    fact(t("about.index"), release.index.kind, recall == null ? null : t("about.recall", { value: figure(recall) })),
    fact(t("about.media"), t("about.media.of", { n: release.media.files, named: release.media.named }), release.media.lack),
    fact(t("about.changes"), number(release.changes.products), t("about.changes.text")),
    fact(t("about.fusion"), release.search.fusion, t(release.search.fusion === "learned" ? "about.fusion.learned" : "about.fusion.fallback")));
}

function quality({ metrics, evaluation }) {
  const rows = [
    [t("about.accuracy"), metrics.accuracy, evaluation?.intervals.accuracy],
    [t("about.f1"), metrics.macro_f1, evaluation?.intervals.macro_f1],
    [t("about.recall10"), metrics.same_category_recall_at_10, evaluation?.intervals.recall_at_10],
    [t("about.map"), metrics.same_category_map, evaluation?.intervals.map],
    [t("about.roc"), metrics.roc_auc],
  ].filter(([, value]) => value != null);
  if (!rows.length) return null;
  if (evaluation?.baseline) {
    const { name, accuracy, intervals: spread } = evaluation.baseline;
    rows.splice(1, 0, [t("about.baseline"), accuracy, spread?.accuracy, "base", name]);
  }
  const calibration = metrics.calibration_error;
  return section(t("about.quality"), evaluation ? t("about.quality.text", { n: evaluation.rows }) : t("about.quality.only"),
    intervals(rows), calibration == null ? null : h("p", { class: "hint" }, `${t("about.calibration")}: ${figure(calibration)}`));
}

/** Accuracy by what the model is shown, one column a modality. */
function subsets({ evaluation, modalities }) {
  const all = Object.entries(evaluation?.by_subset ?? {}).filter(([, found]) => found.accuracy != null)
    .map(([name, found]) => [name.split("+").map((one) => one.trim()), found]);
  if (!all.length) return null;
  all.sort(([a, x], [b, y]) => a.length - b.length || y.accuracy - x.accuracy);
  const words = (given) => modalities.filter((one) => given.includes(one)).map((one) => t(`modality.${one}`)).join(" + ");
  const head = h("tr", {}, h("td", {}), modalities.map((one) => h("th", { scope: "col", class: "c" }, t(`modality.short.${one}`))),
    [t("about.accuracy"), t("about.f1"), t("about.rows")].map((name) => h("th", { scope: "col", class: "n" }, name)));
  return section(t("about.subsets"), t("about.subsets.text"), h("div", { class: "scroll", tabindex: "0", role: "region",
    "aria-label": t("about.subsets") }, h("table", { class: "subsets" }, h("thead", {}, head),
  h("tbody", {}, all.map(([given, found]) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", found.accuracy);
    return h("tr", {}, h("th", { scope: "row" }, h("span", { class: "sr" }, words(given))),
      modalities.map((one) => h("td", { class: "c" }, h("span", { class: given.includes(one) ? "on" : "off", "aria-hidden": "true" }),
        h("span", { class: "sr" }, given.includes(one) ? "✓" : "–"))),
      h("td", { class: "n" }, h("span", { class: "with-bar" }, bar, percent(found.accuracy, 1))),
      h("td", { class: "n" }, percent(found.macro_f1 ?? 0, 1)), h("td", { class: "n" }, number(found.rows ?? 0)));
  })))));
}

function mistakes({ evaluation }) {
  if (!evaluation?.confusion?.length) return null;
  return section(t("about.confusion"), t("about.confusion.text"), confusion(evaluation.labels, evaluation.confusion));
}

/** Who won, learned or simple, step by step, and by how much. */
function winners({ comparisons }) {
  const all = Object.entries(comparisons ?? {});
  if (!all.length) return null;
  const named = (prefix, name) => { const key = `${prefix}.${name}`; const words = t(key); return words === key ? name : words; };
  const heads = [["about.won.step"], ["about.won.used"], ["about.won.learned", "n"], ["about.won.simple", "n"], ["about.won.by", "n"]];
  return section(t("about.won"), t("about.won.text"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("about.won") },
    h("table", { class: "subsets won" }, h("thead", {}, h("tr", {}, heads.map(([key, kind]) => h("th", { scope: "col", class: kind }, t(key))))),
      h("tbody", {}, all.map(([name, { learned, rivals, winner, rival, by, interval, rows }]) => h("tr", {},
        h("th", { scope: "row" }, named("won", name), h("small", {}, t("about.won.rows", { n: rows }))),
        h("td", {}, h("span", { class: `verdict ${winner === "learned" ? "learned" : "simple"}` }, named("rival", winner))),
        h("td", { class: "n" }, figure(learned)),
        h("td", { class: "n" }, figure(rivals[rival]), h("small", {}, named("rival", rival))),
        h("td", { class: "n" }, difference(by), h("small", {}, interval.map((end) => (end == null ? "∞" : difference(end))).join(" … ")))))))));
}

function encoders(release) {
  return section(t("about.encoders"), null, h("dl", { class: "encoders" }, Object.entries(release.encoders).map(([modality, { encoder, why }]) =>
    [h("dt", {}, t(`modality.${modality}`)), h("dd", {}, h("code", {}, encoder), why ? h("small", { lang: "en" }, why) : null)])));
}

/** The map comes later than the rest: it is drawn once a release, when somebody first looks. */
function map(go, signal) {
  const place = h("div", {}, section(t("about.mapTitle"), t("results.loading"), h("div", { class: "bone block", "aria-hidden": "true" })));
  get("/release/map", signal).then((drawn) => {
    if (drawn.points.length < 3) return place.remove();
    const sampled = drawn.sampled < drawn.rows ? ` ${t("about.mapSampled", { n: drawn.sampled, rows: drawn.rows })}` : "";
    return fill(place, section(t("about.mapTitle"), t("about.mapText", { method: drawn.method }) + sampled,
      vectorMap(drawn, (id) => go(productUrl(id)))));
  }).catch((error) => {
    if (!signal.aborted) fill(place, section(t("about.mapTitle"), error.message));
  });
  return place;
}

/** The release that waits, and the one that answers on the side, which is mostly the same. */
function waiting({ waits, shadow }) {
  if (!waits && !shadow) return null;
  const said = shadow?.state === "failed" ? t("about.shadow.failed", { release: shadow.release })
    : shadow && t(`about.shadow.${shadow.state === "answering" ? "answering" : "loading"}`,
      { release: waits?.release === shadow.release ? t("about.shadow.it") : shadow.release, share: percent(shadow.share), n: number(shadow.answered) });
  return h("section", { class: "waits", role: "status" },
    waits ? h("p", { class: "since" }, icon("clock"), h("strong", {}, t("about.waits", { release: waits.release, when: ago(waits.since) }))) : null,
    said ? h("p", { class: "hint" }, said, shadow.page ? [" ", h("a", { href: "/insights/shadow.html" }, t("about.shadow.page"))] : null) : null);
}

function drift({ drift: verdict }) {
  if (!verdict) return section(t("about.drift"), t("about.drift.none"));
  return section(t("about.drift"), verdict.looked === verdict.at ? t("about.drift.at", { when: moment(verdict.at) })
    : t("about.drift.looked", { looked: moment(verdict.looked), when: moment(verdict.at) }),
    h("p", { class: verdict.drifted ? "differs big" : "agrees big" }, icon(verdict.drifted ? "alert" : "check"),
      t(verdict.drifted ? "about.drift.moved" : "about.drift.calm")),
    verdict.decision && h("p", {}, verdict.decision.action === "none" ? t("about.drift.nothing")
      : `${t(`about.drift.${verdict.decision.action}`)} ${verdict.decision.reason}`),
    h("ul", { class: "plain" }, Object.entries(verdict.compared).map(([name, one]) =>
      h("li", {}, h("strong", {}, name), one.judged ? `: ${one.cause}` : `: ${t("about.drift.unjudged")}`))));
}

function coverage(release) {
  const rows = Object.entries(release.coverage).map(([name, n]) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", n / Math.max(1, release.rows));
    return h("li", {}, h("span", { class: "words" }, t(`coverage.${name}`)), bar, h("span", { class: "count" }, percent(n / Math.max(1, release.rows))));
  });
  return section(t("about.coverage"), `${t("about.modalities")}: ${release.modalities.map((one) => t(`modality.${one}`)).join(", ")}`,
    h("ul", { class: "bars wide" }, rows));
}

function tools({ links }) {
  const out = (href, words) => (href ? h("li", {}, h("a", { href, class: "tool", rel: "noopener" }, icon("link"), words)) : null);
  return section(t("about.tools"), null, h("ul", { class: "tools-list" }, out(links.dagster, t("about.dagster")),
    out(links.evidently, t("about.evidently")), out("/docs", t("about.api"))));
}

function provenance(release) {
  return section(t("about.provenance"), null, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("about.provenance") },
    h("table", { class: "details" }, h("tbody", {}, Object.entries(release.provenance)
      .filter(([, value]) => ["string", "number"].includes(typeof value) && value !== "")
      .map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name.replaceAll("_", " ")), h("td", {}, h("code", {}, String(value)))))))));
}

export function aboutPage(go, box) {
  const place = h("div", { class: "page-about" });
  const root = h("div", { class: "shop" }, box.extras, place);
  let running = null;

  async function show(url, { focus = false } = {}) {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    box.show(EMPTY());
    document.title = `${t("about.title")} – Shelfspace`;
    const head = h("div", { class: "lead" }, h("h1", { tabindex: "-1" }, t("about.title")), h("p", {}, t("about.text")));
    fill(place, head, h("div", { class: "bone block", "aria-hidden": "true" }), h("div", { class: "bone block", "aria-hidden": "true" }));
    try {
      const [release] = await Promise.all([get("/release/overview", signal), names()]);
      if (signal.aborted) return;
      fill(place, head, release.problem ? h("p", { class: "problem", role: "alert" }, `${t("about.problem")}: ${release.problem}`) : null,
        waiting(release),
        facts(release), h("div", { class: "two" }, quality(release), h("div", {}, drift(release), encoders(release))), winners(release), map(go, signal),
        h("div", { class: "two even" }, mistakes(release), subsets(release)), h("div", { class: "two" }, coverage(release), tools(release)), provenance(release));
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      if (error.status === undefined) throw error;
      fill(place, head, h("div", { class: "state", role: "alert" }, icon("alert", "big"), h("h2", {}, t("error.title")),
        h("p", {}, error.message), button(t("error.retry"), { class: "primary", on: { click: () => show(url, { focus: true }) } })));
    }
    if (focus) head.querySelector("h1").focus({ preventScroll: true });
  }
  return { root, show, leave: () => running?.abort() };
}
