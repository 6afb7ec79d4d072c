/** The names of the Workers runtime that types of src/room and src/upstream mention; nothing here runs. */
interface DurableObjectStorage {
  readonly kv: { get<T>(key: string): T | Readonly<T> | undefined; put(key: string, value: unknown): void };
  getAlarm(): Promise<number | null>;
  setAlarm(atMs: number, options?: { readonly allowUnconfirmed?: boolean }): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

interface Response {
  readonly webSocket: (WebSocket & { accept(): void }) | null;
}
