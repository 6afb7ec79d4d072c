/** A WebSocket that counts: how much a relay has sent to a client that does not keep up. */
export class CountingSocket extends WebSocket {
  /** Every one that was opened, oldest first. */
  static readonly all: CountingSocket[] = [];
  receivedBytes = 0;
  pings = 0;
  closeCode: number | null = null;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    CountingSocket.all.push(this);
    this.addEventListener("message", ({ data }) => {
      this.receivedBytes += Buffer.byteLength(String(data));
    });
    this.addEventListener("close", ({ code }) => {
      this.closeCode = code;
    });
  }

  override send(data: string): void {
    if (data === "ping") this.pings += 1;
    super.send(data);
  }

  /** The last one that was opened. */
  static get last(): CountingSocket {
    const last = CountingSocket.all.at(-1);
    if (last === undefined) throw new Error("No socket was opened.");
    return last;
  }
}
