// The cart, and what was looked at: identifiers of products, kept by this tab alone and gone with it.

const MOST = { cart: 50, seen: 20 };
const memory = { cart: [], seen: [] };
const listeners = new Set();

/** Where storage is switched off, it lasts as long as the page. */
function read(name) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`shelfspace.${name}`) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string").slice(0, MOST[name]) : [];
  } catch {
    return memory[name];
  }
}

function write(name, ids) {
  memory[name] = ids.slice(0, MOST[name]);
  try {
    sessionStorage.setItem(`shelfspace.${name}`, JSON.stringify(memory[name]));
  } catch {
    // as above
  }
  listeners.forEach((listener) => listener());
}

export const inCart = () => read("cart");
export const seen = () => read("seen");
export const put = (id) => write("cart", [id, ...read("cart").filter((other) => other !== id)]);
export const take = (id) => write("cart", read("cart").filter((other) => other !== id));
export const look = (id) => write("seen", [id, ...read("seen").filter((other) => other !== id)]);
/** Tell of every change from now on. */
export const whenKept = (listener) => listeners.add(listener);
