import { notChecked } from "../check.ts";

// Rules that nothing outside the relay can decide, or that would need a relay of one's own.
notChecked("W13", "a client that does not read is closed 4408", "more unread bytes than a busy stream should be given");
notChecked("U3", "how the broker is named and logged in to", "several brokers");
notChecked("U5", "a room that was replaced notices", "a look inside the platform");
notChecked("B2", "a full room sends the next client to another shard", "MAX_CLIENTS_PER_ROOM connections");
notChecked("B3", "a resume inside the window costs the broker nothing", "a look inside the relay");
notChecked("B4", "one credential cannot open rooms without limit", "MAX_ROOMS_PER_GRANT subjects");
notChecked("B5", "v1 clients are bounded by what they were sent lately", "more than a busy stream should be given");
notChecked("B7", "what does not drain is charged to its owner", "MAX_QUEUED_BYTES that nobody reads");
notChecked("A3", "nothing is sent after a credential has expired", "a credential that expires");
notChecked("A9", "rate limits, and clients of one credential", "more requests than a relay in use should be given");
notChecked("A10", "what a credential admitted ends with it", "a relay whose settings change");
notChecked("A6", "no credential in logs", "the relay's logs");
notChecked("O1", "starts with plain wrangler dev", "a relay of one's own");
notChecked("O2", "settings are validated", "a relay of one's own");
notChecked("O3", "logs", "the relay's logs");
