/**
 * EFFECTS: what outlives the page. Never in an address. Token and subject are kept for this tab, and on this device only when the
 * person asks for that; the cursor is kept for this tab, so that a reload goes on where it stopped.
 */
import type { Kept } from "./situation.ts";

const DEVICE_KEY = "cellos-relay.console";
const TAB_KEY = "cellos-relay.cursor";
const TOKEN_KEY = "cellos-relay.token";

export interface Remembered {
  readonly token: string;
  readonly subject: string;
}

export function recall(place: "device" | "tab"): Remembered | null {
  const { token, subject } = read<Remembered>(storageOf(place), place === "device" ? DEVICE_KEY : TOKEN_KEY);
  return typeof token === "string" && typeof subject === "string" ? { token, subject } : null;
}

/** In that place and in no other. */
export function remember(remembered: Remembered, place: "device" | "tab"): void {
  write(storageOf("device"), DEVICE_KEY, place === "device" ? remembered : null);
  write(storageOf("tab"), TOKEN_KEY, place === "tab" ? remembered : null);
}

/** What was kept on this device. */
export const forget = (): void => write(storageOf("device"), DEVICE_KEY, null);

/** Merely naming a storage throws where the browser forbids it. */
const storageOf = (place: "device" | "tab") => (): Storage => (place === "device" ? localStorage : sessionStorage);

export const keptInTab = (): Kept | null => {
  const { subject, cursor, isOpen } = read<Kept>(() => sessionStorage, TAB_KEY);
  if (typeof subject !== "string") return null;
  const isKnown = typeof cursor?.seq === "number" && Number.isSafeInteger(cursor.seq);
  return { subject, cursor: isKnown ? { seq: cursor.seq, epoch: cursor.epoch } : null, isOpen: isOpen === true };
};

let written = "";

/** Called for every painted frame; writes what has changed. */
export function keepInTab(kept: Kept): void {
  const text = JSON.stringify(kept);
  if (text === written) return;
  written = text;
  write(() => sessionStorage, TAB_KEY, kept);
}

/** Storage throws where the browser forbids it; then nothing is remembered, and the page still works. */
function read<T>(storage: () => Storage, key: string): Partial<T> {
  try {
    return Object(JSON.parse(storage().getItem(key) ?? "{}")) as Partial<T>;
  } catch {
    return {};
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}
