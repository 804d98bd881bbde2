// Words of the page in the chosen language, and numbers, prices and times as that language writes them.
import en from "./words/en.js";
import zh from "./words/zh.js";

const WORDS = { en, zh };
const TAGS = { en: "en", zh: "zh-CN" };
const KEPT = "shelfspace.language";
let chosen = remembered() || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
let plural = new Intl.PluralRules(TAGS[chosen]);

function remembered() {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept in WORDS ? kept : "";
  } catch {
    return ""; // storage may be switched off; the choice then lasts as long as the page
  }
}

export const LANGUAGES = [["en", "English", "EN"], ["zh", "中文", "中"]];
export const language = () => chosen;
export const tag = () => TAGS[chosen];

export function choose(name) {
  chosen = name;
  plural = new Intl.PluralRules(TAGS[name]);
  document.documentElement.lang = TAGS[name];
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // as above
  }
}

/** The words of a key; `n` picks between .one and .other and is written as the language does. */
export function t(key, values = {}) {
  const words = WORDS[chosen];
  const name = key in words ? key : `${key}.${plural.select(values.n ?? 0)}`;
  const text = words[name] ?? en[name] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, k) => (typeof values[k] === "number" ? number(values[k]) : values[k] ?? ""));
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(tag(), { maximumFractionDigits: digits }).format(value);
export const percent = (value, digits = 0) =>
  new Intl.NumberFormat(tag(), { style: "percent", maximumFractionDigits: digits, signDisplay: "negative" }).format(value);
export const figure = (value, digits = 3) =>
  new Intl.NumberFormat(tag(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const difference = (value) => new Intl.NumberFormat(tag(), { minimumFractionDigits: 3, maximumFractionDigits: 3,
  signDisplay: "exceptZero" }).format(value);

/** A price; a currency that is no ISO code is written behind the number. `round`: whole ones without cents. */
export function money(value, currency, round = false) {
  if (value == null) return t("price.none");
  try {
    return new Intl.NumberFormat(tag(), { style: "currency", currency, currencyDisplay: "narrowSymbol",
      trailingZeroDisplay: round ? "stripIfInteger" : "auto" }).format(value);
  } catch {
    return `${number(value, 2)} ${currency || ""}`.trim();
  }
}

/** A range of prices; a missing end leaves it open. */
export function moneyRange(low, high, currency) {
  if (low == null) return t("filters.priceTo", { price: money(high, currency, true) });
  if (high == null) return t("filters.priceFrom", { price: money(low, currency, true) });
  return `${money(low, currency, true)} – ${money(high, currency, true)}`;
}

/** "3 days ago". */
export function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(tag(), { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.round(seconds), "second");
}

export function moment(time) {
  return new Intl.DateTimeFormat(tag(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

/** A date without a time, which no time zone moves. */
export const day = (date) => new Intl.DateTimeFormat(tag(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(date.slice(0, 10)));

export function languageName(code) {
  try {
    return new Intl.DisplayNames([tag()], { type: "language" }).of(code);
  } catch {
    return code;
  }
}
