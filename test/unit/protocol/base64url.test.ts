import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "../../../src/protocol/base64url.ts";

test("[V1] base64url is what Node makes of it, and comes back", { tags: "long" }, () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = toBase64Url(text);
      expect(encoded).toBe(Buffer.from(text).toString("base64url"));
      expect(fromBase64Url(encoded)).toBe(text);
    }),
  );
});

test.each(["a", "ab=", "a+b/", "é", "_w", "a b"])("[V1] %s is none", (encoded) => {
  expect(fromBase64Url(encoded)).toBeNull();
});
