import { Readable } from 'node:stream';

/** A caller that takes nothing for this long is taken for gone. */
const STALL_TIMEOUT_MS = 30_000;
/** Bytes that wait for a slow caller; beyond them nothing more is made. */
const HIGH_WATER_MARK = 65_536;

/**
 * An answer that is made while it is sent: the next piece is asked for when the caller has taken the ones before, so that
 * memory stays the same however long the answer is and however slowly it is read. It ends when the caller goes or takes
 * nothing for 30 seconds; then `pieces` is ended, too (`return()`).
 *
 * A caller that goes before the first piece leaves `pieces` unstarted, its `finally` included: what has to be done in any
 * case is done when the stream closes, not there.
 *
 * An error of `pieces` cuts the connection, which is how a caller tells half an answer from a whole one.
 */
export function streamedAnswer(
  pieces: AsyncGenerator<string | Buffer, void>,
  stallTimeoutMs = STALL_TIMEOUT_MS,
): Readable {
  let timer: NodeJS.Timeout | undefined;
  async function* watched(): AsyncGenerator<string | Buffer, void> {
    try {
      for await (const piece of pieces) {
        timer = setTimeout(() => stream.destroy(new Error('the caller reads nothing')), stallTimeoutMs);
        yield piece;
        clearTimeout(timer);
      }
    } finally {
      clearTimeout(timer);
    }
  }
  const stream = Readable.from(watched(), { objectMode: false, highWaterMark: HIGH_WATER_MARK });
  return stream;
}
