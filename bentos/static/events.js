// What was really seen and clicked, told to the service: no cookie, nothing stored, a name that ends with the page.

const HALF = 0.5;
const LOOKED = 1000; // milliseconds for which half of a card must be in view
const PAUSE = 3000;
const FULL = 50;
const MOST = 500;

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const session = random();
const refused = navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true;
let wanted = refused ? false : null; // null: not told yet, and what is seen meanwhile waits
let waiting = [];
let timer = 0;

/** Whether the service takes events of its pages; a shopper who asks not to be tracked is not. */
export function takeEvents(taken) {
  wanted = Boolean(taken) && !refused;
  if (wanted) send();
  else waiting = [];
}

function tell(kind, told) {
  if (wanted === false || waiting.length >= MOST) return;
  waiting.push({ event_id: random(), session, kind, time: new Date().toISOString(), ...told });
  if (waiting.length >= FULL) send();
  else timer ||= setTimeout(send, PAUSE);
}

function send() {
  clearTimeout(timer);
  timer = 0;
  if (!wanted) return;
  const events = waiting.splice(0, MOST);
  if (!events.length) return;
  // Kept alive, so that what was seen last goes out when the page ends; a page works as well without.
  fetch("/events", { method: "POST", keepalive: true, headers: { "content-type": "application/json" },
    body: JSON.stringify({ events }) }).catch(() => {});
}

/** Tell of the cards of a list: those that are seen, and those that are opened.
 * `about` says which release gave them, the words they were found by, and the place of the first. */
export function watch(list, hits, { release = "", query = "", first = 1 } = {}) {
  if (wanted === false) return list;
  const query_id = random();
  const items = [...list.children];
  const told = (place) => ({ product_id: hits[place].product_id, position: first + place, query_id, release,
    ...(query && query.length <= 200 ? { query } : {}) });
  const looking = new Map();
  const eye = new IntersectionObserver((entries) => {
    for (const { target, intersectionRatio } of entries) {
      clearTimeout(looking.get(target));
      if (intersectionRatio < HALF) continue;
      looking.set(target, setTimeout(() => {
        if (document.visibilityState !== "visible" || !target.isConnected) return;
        eye.unobserve(target);
        tell("impression", told(items.indexOf(target)));
      }, LOOKED));
    }
  }, { threshold: HALF });
  items.forEach((item) => eye.observe(item));
  list.addEventListener("click", (event) => {
    const place = items.indexOf(event.target.closest(".cover")?.closest("li"));
    if (place >= 0) tell("click", told(place));
  });
  return list;
}

addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(); });
addEventListener("pagehide", send);
