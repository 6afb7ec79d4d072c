/** Which rows of a long list are worth an element: those in sight, and some on either side. */

export interface Sight {
  readonly scrollTop: number;
  readonly height: number;
  readonly rowHeight: number;
}

/** First row, and the one after the last. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const MARGIN_ROWS = 6;

export function rowsInSight({ scrollTop, height, rowHeight }: Sight, count: number): Range {
  const first = Math.floor(scrollTop / rowHeight);
  const last = Math.ceil((scrollTop + height) / rowHeight);
  const from = Math.max(0, Math.min(count, first - MARGIN_ROWS));
  return { from, to: Math.max(from, Math.min(count, last + MARGIN_ROWS)) };
}

/** Where to scroll so that a whole row is in sight; where it is already, nowhere. */
export function scrollFor(index: number, { scrollTop, height, rowHeight }: Sight): number {
  const top = index * rowHeight;
  return Math.min(top, Math.max(scrollTop, top + rowHeight - height));
}
