/** Where a cursor outlives the page. */

/** A place in a stream: everything up to `seq` was handled. */
export interface Cursor {
  readonly seq: number;
  /** Identity of the stream; numbers of another one mean nothing. */
  readonly epoch?: string | undefined;
}

export interface CursorStore {
  load(): Cursor | null | Promise<Cursor | null>;
  save(cursor: Cursor): void | Promise<void>;
}

/**
 * Keeps the cursor in `localStorage` (survives the browser) or `sessionStorage` (one per tab, survives a reload).
 * A storage that is full or forbidden is not an error: the cursor then lives as long as the page.
 */
export function cursorIn(storage: Pick<Storage, "getItem" | "setItem">, key: string): CursorStore {
  return {
    load: () => {
      try {
        const { seq, epoch } = JSON.parse(storage.getItem(key) ?? "{}") as Partial<Cursor>;
        return Number.isSafeInteger(seq) ? { seq: Number(seq), epoch } : null;
      } catch {
        return null;
      }
    },
    save: (cursor) => {
      try {
        storage.setItem(key, JSON.stringify(cursor));
      } catch {
        // Said above.
      }
    },
  };
}
