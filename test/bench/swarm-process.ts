/** The clients' own process, so that counting costs the servers nothing: forked by `Swarm`, ends with its parent. */
import { Clients } from "./clients.ts";
import type { SwarmMessage, SwarmRequest } from "./swarm-messages.ts";

const clients = new Clients((marks) => say({ kind: "reached", marks }));

process.on("disconnect", () => process.exit());
// Ctrl-C reaches the whole group: the parent ends this process, after its last report.
process.on("SIGINT", () => {});
process.on("message", (request: SwarmRequest) => {
  perform(request).then(
    (message) => say(message),
    (error: unknown) => say({ kind: "failed", why: error instanceof Error ? error.message : String(error) }),
  );
});

async function perform(request: SwarmRequest): Promise<SwarmMessage> {
  switch (request.kind) {
    case "open":
      return { kind: "answer", value: await clients.open(request.dial) };
    case "report":
      return { kind: "answer", value: clients.report() };
    case "begin":
      clients.begin(request.goal);
      return { kind: "answer", value: null };
    case "cut":
      clients.cut();
      return { kind: "answer", value: null };
    case "unwedge":
      await clients.unwedge(request.timeoutMs);
      return { kind: "answer", value: null };
  }
}

function say(message: SwarmMessage): void {
  if (process.connected) process.send?.(message);
}
