// Values as the service describes them: a text in both languages, a number, money, a share, a time.
import { day, language, money, moment, number, percent } from "./i18n.js";

/** A text of { en, zh } in the chosen language. */
export const said = (both) => (both ? both[language()] ?? both.en : "");

/** A value as its kind is written; a dash for what is not known. */
export function written(value, { kind, digits = 0, currency = "" }) {
  if (value == null || value === "") return "–";
  if (kind === "number") return number(value, digits);
  if (kind === "percent" || kind === "share") return percent(value, digits);
  if (kind === "money") return money(value, currency);
  if (kind === "time") return value.length > 10 ? moment(value) : day(value);
  if (kind === "said") return said(value);
  if (kind === "words") return value.join(language() === "zh" ? "、" : ", ");
  return String(value);
}
