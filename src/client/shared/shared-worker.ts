/** EFFECTS: the script of the SharedWorker. One port is one page's line (`shared/shared-line.ts`). */
import { openSocket } from "../wire/line.ts";
import { Lobby, type Seat } from "./lobby.ts";
import type { ToPage, ToWorker } from "./messages.ts";

const lobby = new Lobby(openSocket);

globalThis.addEventListener("connect", (event) => {
  // The page's types are compiled in, which do not know a worker's `connect`.
  const [port] = (event as MessageEvent).ports;
  if (port !== undefined) serve(port);
});

function serve(port: MessagePort): void {
  let seat: Seat | null = null;
  const leave = (): void => {
    seat?.leave();
    port.close();
  };
  port.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
    if (data === null) leave();
    else if (data === true) seat?.handled();
    else if (typeof data === "string") seat?.send(data);
    else {
      seat = lobby.join(data, (message: ToPage) => port.postMessage(message));
      // Granted when the page lets go of it, however it ends.
      void navigator.locks.request(data.lock, leave);
    }
  });
  port.start();
}
