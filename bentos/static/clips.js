// Photos and sounds to search with: read, made small, recorded, and kept for as long as the tab is open.
// They never go into the address; it carries a name by which this tab finds them again.

const PHOTO_SIDE = 1024;
const PHOTO_BYTES = 400_000;
const SOUND_BYTES = 3_000_000;
const RATE = 16_000;
export const SECONDS = 10;
const ENOUGH = 32;
const PHOTO_TYPES = new Set(["image/jpeg", "image/png", "image/webp"]);
const SOUND_TYPES = new Set(["audio/wav", "audio/x-wav", "audio/wave", "audio/flac", "audio/x-flac", "audio/ogg",
  "audio/mpeg", "audio/mp3"]);
const kept = new Map();

/** Names, by "photo" or "sound", why a file cannot be used; see the words photo.bad, sound.bad, media.other. */
export class ClipError extends Error {}

/** Take in a file: { kind, name }. */
export async function take(file) {
  if (file.type.startsWith("image/")) return keep("photo", await photo(file));
  if (file.type.startsWith("audio/") || file.type.startsWith("video/webm")) return keep("sound", await sound(file));
  throw new ClipError("media.other");
}

async function photo(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new ClipError("photo.bad");
  }
  const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
  if (scale === 1 && file.size <= PHOTO_BYTES && PHOTO_TYPES.has(file.type)) return file;
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)),
    Math.max(1, Math.round(picture.height * scale)));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

async function sound(file) {
  if (SOUND_TYPES.has(file.type) && file.size <= SOUND_BYTES) return file;
  return wavOf(file);
}

/** What a browser can decode, as mono WAV of 16 kHz, cut to SECONDS. */
export async function wavOf(blob) {
  const context = new OfflineAudioContext(1, 1, RATE);
  let decoded;
  try {
    decoded = await context.decodeAudioData(await blob.arrayBuffer());
  } catch {
    throw new ClipError("sound.bad");
  }
  const length = Math.max(1, Math.min(Math.ceil(decoded.duration * RATE), SECONDS * RATE));
  const mix = new OfflineAudioContext(1, length, RATE);
  const source = mix.createBufferSource();
  source.buffer = decoded;
  source.connect(mix.destination);
  source.start();
  const samples = (await mix.startRendering()).getChannelData(0);
  return wav(samples, RATE);
}

/** 16-bit mono WAV of samples in -1 to 1. */
export function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (place, word) => [...word].forEach((c, i) => view.setUint8(place + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((s, i) => view.setInt16(44 + 2 * i, Math.round(Math.max(-1, Math.min(1, s)) * 32767), true));
  return new Blob([view.buffer], { type: "audio/wav" });
}

/** Records from the microphone. `progress` hears seconds and loudness; `stop()` ends it, `done` is { kind, name }. */
export async function record(progress) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const recorder = new MediaRecorder(stream);
  const chunks = [];
  const context = new AudioContext();
  const meter = context.createAnalyser();
  meter.fftSize = 512;
  context.createMediaStreamSource(stream).connect(meter);
  const levels = new Float32Array(meter.fftSize);
  const begin = performance.now();
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(levels);
    const seconds = (performance.now() - begin) / 1000;
    progress(seconds, Math.sqrt(levels.reduce((sum, x) => sum + x * x, 0) / levels.length));
    if (seconds >= SECONDS) stop();
  }, 100);
  recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
  const ended = new Promise((done) => recorder.addEventListener("stop", done, { once: true }));
  function stop() {
    if (recorder.state !== "inactive") recorder.stop();
  }
  const done = ended.then(async () => {
    clearInterval(timer);
    stream.getTracks().forEach((track) => track.stop());
    await context.close();
    return keep("sound", await wavOf(new Blob(chunks, { type: recorder.mimeType })));
  });
  recorder.start();
  return { stop, done };
}

async function keep(kind, blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const name = await nameOf(bytes);
  const data = base64(bytes);
  kept.delete(name);
  kept.set(name, { data, url: URL.createObjectURL(blob) });
  for (const old of [...kept.keys()].slice(0, -ENOUGH)) {
    URL.revokeObjectURL(kept.get(old).url);
    kept.delete(old);
  }
  try {
    sessionStorage.setItem(`clip.${name}`, `${blob.type};${data}`);
  } catch {
    // full or switched off: it lasts until the page is loaded anew
  }
  return { kind, name };
}

async function nameOf(bytes) {
  if (crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest.slice(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join("");
  }
  return bytes.reduce((sum, b) => (sum * 31 + b) >>> 0, bytes.length).toString(16); // plain http beyond loopback
}

function base64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32_768) text += String.fromCharCode(...bytes.subarray(i, i + 32_768));
  return btoa(text);
}

function find(name) {
  if (!kept.has(name)) {
    let stored = null;
    try {
      stored = sessionStorage.getItem(`clip.${name}`);
    } catch {
      // switched off
    }
    if (!stored) return null;
    const cut = stored.indexOf(";");
    const data = stored.slice(cut + 1);
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    kept.set(name, { data, url: URL.createObjectURL(new Blob([bytes], { type: stored.slice(0, cut) })) });
  }
  return kept.get(name);
}

/** Base64 of a kept clip; "" where this tab has none of that name. */
export const data = (name) => find(name)?.data ?? "";
/** An address of a kept clip for img and audio; "" without. */
export const url = (name) => find(name)?.url ?? "";
