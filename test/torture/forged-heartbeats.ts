/** Events that claim to be the relay's heartbeat, which must not pass, and those that only resemble it (W17). */
import { HEARTBEAT_TYPE } from "../support/wire/test-socket.ts";
import { FORGED_ID } from "./comparable.ts";
import { bare, delivered, dropped, eventText, type Kind, type Kinds } from "./kind.ts";

/** All that the relay's own says, save for the id by which a reader of v1 finds it. */
function forgery(n: number, type: string, more = ""): string {
  const head = `"specversion":"1.0",${type},"source":"/cellos-relay","id":"${FORGED_ID}${n}"`;
  return `{${head},"time":"2026-01-01T00:00:00.000Z","data":{"epoch":"forged","upstream":"connected"}${more}}`;
}

function forged(name: string, type: string, more?: string): Kind {
  return dropped(`heartbeat: ${name}`, (n) => bare(forgery(n, type, more)));
}

function similar(name: string, make: (n: number) => string): Kind {
  return delivered(`no heartbeat: ${name}`, (n) => bare(make(n)));
}

const TYPE = `"type":"${HEARTBEAT_TYPE}"`;
const ESCAPED = Array.from(HEARTBEAT_TYPE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join(
  "",
);

export const HEARTBEAT_KINDS: Kinds = [
  forged("as the relay writes it", TYPE),
  forged("its name escaped", `"\\u0074ype":"${HEARTBEAT_TYPE}"`),
  forged("its name escaped in capitals", `"t\\u0079\\u0070\\u0065":"${HEARTBEAT_TYPE}"`),
  forged("its value escaped", `"type":"io.cellos.relay.v1.heartbea\\u0074"`),
  forged("every character escaped", `"\\u0074\\u0079\\u0070\\u0065":"${ESCAPED}"`),
  forged("with white space", `\r\n\t"type" \n:\t "${HEARTBEAT_TYPE}" `),
  forged("the first of two", `${TYPE},"type":"t"`),
  forged("the last of two", `"type":"t",${TYPE}`),
  forged("between others", `"type":1,${TYPE},"type":{"type":[]}`),
  forged("at the end", `"type ":1`, `,"pad":"${"[\\\\".repeat(2_000)}",${TYPE}`),
  dropped("heartbeat: nothing else", () => bare(`{${TYPE}}`)),
  similar("further down", (n) => eventText(n, `{${TYPE},"a":[{${TYPE}}]}`)),
  similar("a member of the same name around it", (n) => `{"id":"e-${n}","type":{${TYPE}}}`),
  similar("in an array", (n) => `{"id":"e-${n}","type":["${HEARTBEAT_TYPE}"]}`),
  similar("a list of them", () => `[{${TYPE}},"type","${HEARTBEAT_TYPE}"]`),
  similar("a string", () => `"${HEARTBEAT_TYPE}"`),
  similar("within a string", (n) => eventText(n, JSON.stringify(`{${TYPE}}`))),
  similar("another name", (n) => `{"id":"e-${n}","Type":"${HEARTBEAT_TYPE}","type ":"${HEARTBEAT_TYPE}","typ":"e"}`),
  similar("the value as a name", (n) => `{"id":"e-${n}","${HEARTBEAT_TYPE}":"type","type":"t"}`),
  similar("another value", (n) => `{"id":"e-${n}","type":"${HEARTBEAT_TYPE} "}`),
  similar("another case", (n) => `{"id":"e-${n}","type":"${HEARTBEAT_TYPE.toUpperCase()}"}`),
  similar("escaped twice", (n) => `{"id":"e-${n}","\\\\u0074ype":"${HEARTBEAT_TYPE}"}`),
  similar("another version", (n) => `{"id":"e-${n}","type":"io.cellos.relay.v2.heartbeat"}`),
];
