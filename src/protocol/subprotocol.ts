/** WebSocket subprotocol names (V1). v1 is spoken when none is offered. */
export const V1 = "cellos.events.v1";
export const V2 = "cellos.relay.v2";
export type Protocol = typeof V1 | typeof V2;
/** A browser's credential travels as `bearer.<base64url of the token, unpadded>`; never echoed. */
export const BEARER_PREFIX = "bearer.";
