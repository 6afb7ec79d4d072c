import { describe, expect, it } from "vitest";
import { addressKey } from "../../../src/edge/address-key.ts";

describe("addressKey", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:ffff::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["1:2:3::", "1:2:3:0::/64"],
  ])("[A9] of %s is %s", (address, key) => expect(addressKey(address)).toBe(key));

  it.each(["", "unknown", "192.0.2", "1:2:3:4:5:6:7", "1::2::3", "1:2:3:4:5:6:7:8:9::", "gggg::1", "12345::1", "a b"])(
    "[A9] of %j is none",
    (address) => expect(addressKey(address)).toBeNull(),
  );
});
