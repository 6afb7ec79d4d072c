/**
 * Whether a text holds the NKEY seed of a user, unharmed. Pure.
 *
 * A seed is base32 of two bytes of kind, 32 of key and two of checksum (CRC-16/XMODEM, little endian). The NATS
 * client looks at it only once a broker asks for it, and cannot tell what is wrong from a broker that refuses it.
 */

/** The kind of a user's seed comes out as SUA; the rest is key and checksum. */
const SEED = /^SUA[A-Z2-7]{55}$/;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** The line after the title of the seed, in a file that has a token before it. */
const SEED_IN_CREDS = /NATS USER JWT[^]*?BEGIN .*NKEY SEED-+\s+(\S+)/;
const CHECKSUM_BYTES = 2;

/** Whether a text is a user's seed with the checksum that belongs to it. */
export function isUserSeed(text: string): boolean {
  if (!SEED.test(text)) return false;
  const bytes = base32Decoded(text);
  const [low = 0, high = 0] = bytes.slice(-CHECKSUM_BYTES);
  return crc16(bytes.slice(0, -CHECKSUM_BYTES)) === low + high * 256;
}

/** Whether a text is a .creds file, with such a seed in it. */
export function isCreds(text: string): boolean {
  return isUserSeed(SEED_IN_CREDS.exec(text)?.[1] ?? "");
}

/** Whole bytes only: what is left of the last digit is padding. */
function base32Decoded(text: string): number[] {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of text) {
    held = (held << 5) | DIGITS.indexOf(digit);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(held >> bits);
    held &= (1 << bits) - 1;
  }
  return bytes;
}

function crc16(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
}
