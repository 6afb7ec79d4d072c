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

/** As much of `Storage` as is needed. */
interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * Keeps the cursor in `localStorage` (survives the browser) or `sessionStorage` (one per tab, survives a reload).
 * A key is for one stream in one tab: two that share one overwrite each other's cursor.
 */
export const cursorIn = (storage: TextStorage, key: string): CursorStore => ({
  load: () => {
    try {
      const { seq, epoch } = JSON.parse(storage.getItem(key) ?? "{}") as Partial<Cursor>;
      return seq === undefined ? null : { seq, epoch };
    } catch {
      // Not ours: as if there were none.
      return null;
    }
  },
  save: (cursor) => storage.setItem(key, JSON.stringify(cursor)),
});
