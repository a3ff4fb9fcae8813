/* Bytes to text and back, with an error for anything that is not exactly what was meant. */

/** Bytes of a base64 text (RFC 4648, with padding) that must hold exactly `length` bytes. */
export function fromBase64(text, length) {
  const binary = atob(text);
  if (binary.length !== length) throw new RangeError(`expected ${length} bytes`);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Base64 (RFC 4648, with padding) of `bytes`. */
export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Bytes of a hexadecimal text that must hold exactly `length` bytes. */
export function fromHex(text, length) {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
    throw new RangeError(`expected ${length} bytes`);
  }
  return Uint8Array.from({ length }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Lower-case hexadecimal of `bytes`. */
export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
