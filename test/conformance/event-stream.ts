export interface ServerSentEvent {
  readonly id: string;
  readonly data: string;
}

const TIMEOUT_MS = 10_000;

/** The first `count` events of a stream of Server-Sent Events; comments and empty blocks are left out. */
export async function readEvents(
  url: string,
  headers: Readonly<Record<string, string>>,
  count: number,
): Promise<ServerSentEvent[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const answer = await fetch(url, { headers: { ...headers, accept: "text/event-stream" }, signal });
  const type = answer.headers.get("content-type") ?? "";
  if (!answer.ok || answer.body === null || !type.startsWith("text/event-stream")) {
    throw new Error(`expected an event stream got ${answer.status} ${type} ${await answer.text()}`);
  }
  const events: ServerSentEvent[] = [];
  let text = "";
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = `${text}${chunk}`.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = { id: field(block, "id"), data: field(block, "data") };
        if (event.data !== "") events.push(event);
      }
      if (events.length >= count) return events;
    }
  } finally {
    stop.abort();
  }
  throw new Error(`expected ${count} events got ${events.length} and the end of the stream`);
}

function field(block: string, name: string): string {
  const lines = block.split("\n").filter((line) => line.startsWith(`${name}:`));
  return lines.map((line) => line.slice(name.length + 1).trimStart()).join("\n");
}
