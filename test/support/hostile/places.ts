/** Pages and paths that must be refused, each family with good neighbours that must not be. */
import { ACME, FORBIDDEN, NOT_FOUND, origin, target, type RequestFamily } from "./request.ts";

export const PLACE_FAMILIES: readonly RequestFamily[] = [
  {
    name: "origins",
    refusal: FORBIDDEN,
    hostile: {
      "a foreign one": origin("https://evil.example"),
      null: origin("null"),
      "ours as the head of another": origin("https://app.example.evil.example"),
      "ours as the tail of another": origin("https://evil-app.example"),
      "ours with a user": origin("https://app.example@evil.example"),
      "ours with another scheme": origin("http://app.example"),
      "ours with another port": origin("https://app.example:8443"),
      "ours with a path": origin("https://app.example/"),
      "two of them": origin("https://app.example", "https://evil.example"),
      "ours in capital letters": origin("HTTPS://APP.EXAMPLE"),
    },
    good: {
      "a listed one": origin("https://app.example"),
      "the relay's own": ({ own }) => ({ headers: [["Origin", own]], subject: ACME }),
    },
  },
  {
    name: "paths",
    refusal: NOT_FOUND,
    hostile: {
      "a slash more": target(`/ws/events/?subject=${ACME}`),
      "two slashes": target(`//ws/events?subject=${ACME}`),
      "capital letters": target(`/WS/events?subject=${ACME}`),
      "a slash that is encoded": target(`/ws%2Fevents?subject=${ACME}`),
      "a parameter of a segment": target(`/ws/events;x=/?subject=${ACME}`),
      "a way up past the root": target(`/ws/events/../../v1/events2?subject=${ACME}`),
      "an encoded way up": target(`/v1/..%2fws/events?subject=${ACME}`),
      "a backslash": target(`/ws\\events\\x?subject=${ACME}`),
      "a NUL": target(`/ws/events%00?subject=${ACME}`),
      "what lies behind": target("/join"),
    },
    good: { "a way up and down again": target(`/ws/x/../events?subject=${ACME}`) },
  },
];
