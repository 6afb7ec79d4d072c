/**
 * The fence round whatever touches what a message brought: its headers, its payload, what is made of them (W17). Any
 * producer chooses these bytes, so a throw in there says something of one message and nothing of the stream: it ends
 * as `otherwise` says, which is a drop of that message, and neither the connection nor the next message hears of it.
 */
export function fenced<T>(touch: () => T, otherwise: () => T): T {
  try {
    return touch();
  } catch {
    return otherwise();
  }
}
