/** An id that nobody else has. `crypto.randomUUID` is not there on plain http, `getRandomValues` is. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
