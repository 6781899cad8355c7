/** Bytes that are not what their shape says, or a value that does not fit its shape. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}
