// Calls of the service: one place for timeouts, errors in the shopper's words, and the key dialog.
import { t } from "./i18n.js";
import { askForKey } from "./login.js";
import { isStarting, started, starting } from "./starting.js";

const SECONDS = 20;
const BUSY_PAUSE = 2000;
const TRIES = 5;

/** An answer that is no 2xx. `status` 0 means that nothing answered. */
export class ApiError extends Error {
  constructor(status, message, detail = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

export const post = (path, body, signal) => call("POST", path, body, signal);
export const get = (path, signal) => call("GET", path, undefined, signal);

async function call(method, path, body, signal, tries = 0) {
  const answer = await send(method, path, body, signal);
  if (answer.status !== 503) started();
  if (answer.ok) return answer.json();
  if (answer.status === 401 && (await askForKey())) return call(method, path, body, signal, tries);
  const detail = await problem(answer);
  if (answer.status === 503 && isStarting(detail)) {
    starting(detail);
    await pause(1000 * (Number(answer.headers.get("retry-after")) || 2), signal);
    return call(method, path, body, signal);
  }
  if (answer.status === 503 && tries < TRIES) {
    await pause(BUSY_PAUSE, signal);
    return call(method, path, body, signal, tries + 1);
  }
  throw new ApiError(answer.status, sentence(answer.status, detail), detail);
}

async function send(method, path, body, signal) {
  const given = [AbortSignal.timeout(SECONDS * 1000), signal].filter(Boolean);
  const asked = { method, signal: AbortSignal.any(given), headers: { accept: "application/json" } };
  if (body !== undefined) {
    asked.headers["content-type"] = "application/json";
    asked.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, asked);
  } catch (error) {
    if (error.name === "AbortError") throw error; // somebody asked for something else meanwhile
    started();
    if (error.name === "TimeoutError") throw new ApiError(0, t("error.timeout"));
    throw new ApiError(0, t(navigator.onLine ? "error.network" : "error.offline"));
  }
}

async function problem(answer) {
  try {
    return (await answer.json()).error ?? {};
  } catch {
    return {}; // a proxy's own error page, for one
  }
}

function sentence(status, detail) {
  if (status === 429 || status === 503 || status === 504) return t("error.busy");
  if (detail.field === "query.photo") return t("photo.bad");
  if (detail.field === "query.sound") return t("sound.bad");
  return detail.message ?? `${status}`;
}

function pause(milliseconds, signal) {
  return new Promise((done, stop) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
  });
}

export const mediaUrl = (key, size) =>
  `/media/${key.split("/").map(encodeURIComponent).join("/")}${size ? `?size=${size}` : ""}`;
export const productUrl = (id) => `/product/${encodeURIComponent(id)}`;
