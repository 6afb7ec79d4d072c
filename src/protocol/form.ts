/** In what form a client reads events: a protocol, with or without where each event came from (H1). */
import { V1, V2, type Protocol } from "./subprotocol.ts";

/** There is one object of each, so that a form is told by identity. */
export interface Form {
  readonly protocol: Protocol;
  readonly meta: boolean;
  /** Its place in FORMS. */
  readonly index: number;
}

/** v1 has no form with it: its envelopes have two members. */
export const FORMS: readonly Form[] = [
  { protocol: V1, meta: false, index: 0 },
  { protocol: V2, meta: false, index: 1 },
  { protocol: V2, meta: true, index: 2 },
];

/** The form that a client of this protocol reads, whether it asked for `meta` or not. */
export function formOf(protocol: Protocol, meta: boolean): Form {
  const plain = FORMS.find((form) => form.protocol === protocol && !form.meta) as Form;
  return (meta && FORMS.find((form) => form.protocol === protocol && form.meta)) || plain;
}
