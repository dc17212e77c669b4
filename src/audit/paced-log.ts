import { standardOutput } from '../logging/standard-output.js';

/** Records at a time: even the largest are less than standard output keeps for its reader. */
const AT_ONCE = 50;

/**
 * Writes records to the log no faster than standard output takes them, so that none is lost while somebody reads it: calls
 * with many items write more at once than is kept for a reader.
 */
export class PacedLog {
  #turn: Promise<void> = Promise.resolve();

  /**
   * Writes records, after those that were given before. Resolves when they are written, or when nobody reads the log.
   *
   * @param log writes one of them
   */
  write<T>(records: readonly T[], log: (record: T) => void): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      for (let index = 0; index < records.length; index += AT_ONCE) {
        for (const record of records.slice(index, index + AT_ONCE)) log(record);
        await standardOutput.settled();
      }
    });
    return this.#turn;
  }
}
