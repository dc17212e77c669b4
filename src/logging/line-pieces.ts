/** What Linux writes to a pipe in one piece or not at all, bytes. Source: pipe(7), PIPE_BUF; sockets of the same machine do as well. */
const PIPE_BYTES = 4096;
const NEWLINE = 10;

/**
 * Cuts lines into pieces that a pipe takes whole, so that what others write to it comes between lines, not into one. A longer
 * line is a piece of its own.
 *
 * @param bytes whole lines, with their line breaks
 * @param from where a piece begins
 * @returns where it ends
 */
export function endOfPiece(bytes: Buffer, from: number): number {
  const most = from + PIPE_BYTES;
  if (most >= bytes.length) return bytes.length;
  const end = bytes.lastIndexOf(NEWLINE, most - 1) + 1;
  if (end > from) return end;
  const long = bytes.indexOf(NEWLINE, most) + 1;
  return long > 0 ? long : bytes.length;
}
