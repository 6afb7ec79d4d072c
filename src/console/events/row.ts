/** One row of the list, as texts. */
import { clockOf, dayOf } from "../page/clock.ts";
import type { Entry } from "./entry.ts";

export interface RowView {
  readonly seq: string;
  readonly time: string;
  /** The time as the event states it. */
  readonly timeTitle: string;
  /** `io.cellos.cell.v1.` and `started`: the tail tells events apart, so it is the part never cut off. */
  readonly typeHead: string;
  readonly typeTail: string;
  readonly source: string;
  readonly subject: string;
}

const NONE = "–";
/** More than a row has room for; an event may bring a megabyte, which the browser would lay out at every step of scrolling. */
const MAX_CELL_CHARS = 300;

export function rowView(entry: Entry, today: string): RowView {
  const { type, source, subject, id, time } = entry.fields;
  const cut = type.lastIndexOf(".") + 1;
  return {
    seq: String(entry.seq),
    time: timeView(clipped(time), today),
    timeTitle: clipped(time),
    typeHead: clipped(type.slice(0, cut)),
    typeTail: type === "" ? "no type" : clipped(type.slice(cut)),
    source: clipped(source) || NONE,
    subject: clipped(subject || id) || NONE,
  };
}

const clipped = (text: string): string => (text.length > MAX_CELL_CHARS ? `${text.slice(0, MAX_CELL_CHARS)}…` : text);

function timeView(time: string, today: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return NONE;
  const day = dayOf(date);
  return day === today
    ? `${clockOf(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`
    : `${day} ${clockOf(date)}`;
}
