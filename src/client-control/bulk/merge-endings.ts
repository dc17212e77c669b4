import type { Ending } from './bulk-item.js';

/** How an operation ended on one of the brokers where the client may be. */
export interface BrokerEnding {
  readonly broker: string;
  readonly ending: Ending;
}

/** How it ended on the whole, and where; without a broker it ended so on all. */
export interface MergedEnding {
  readonly broker: string | undefined;
  readonly ending: Ending;
}

/** Of what is not done, what is least certain counts most; a broker that does not know the client counts least. */
const PRECEDENCE: readonly ((ending: Ending) => boolean)[] = [
  ({ outcome }) => outcome === 'unknown',
  (ending) => ending.outcome === 'failed' && !isCode(ending, 'CLIENT_NOT_FOUND', 'CLIENT_NOT_CONNECTED'),
  ({ outcome }) => outcome === 'not-sent',
  (ending) => isCode(ending, 'CLIENT_NOT_CONNECTED'),
];

/**
 * The ending of an operation that was tried on every broker where the client may be. It is done when one of them has done
 * it; `notAnswered` then names those that did not say, so that nobody takes it for done on them as well.
 */
export function mergeEndings(endings: readonly BrokerEnding[]): MergedEnding {
  const done = endings.find(({ ending }) => ending.outcome === 'done');
  if (done?.ending.outcome === 'done') {
    const open = endings.filter(({ ending: { outcome } }) => outcome === 'unknown' || outcome === 'not-sent');
    const { ending, broker } = done;
    if (open.length === 0) return done;
    const notAnswered = open.map((each) => each.broker);
    return { broker, ending: { ...ending, fields: { ...ending.fields, notAnswered } } };
  }
  for (const counts of PRECEDENCE) {
    const found = endings.find(({ ending }) => counts(ending));
    if (found !== undefined) return found;
  }
  return { broker: undefined, ending: endings[0]?.ending ?? NOWHERE };
}

const NOWHERE: Ending = {
  outcome: 'failed',
  status: 404,
  error: { message: 'No broker knows a client with this id', code: 'CLIENT_NOT_FOUND', status: 404 },
};

function isCode(ending: Ending, ...codes: readonly string[]): boolean {
  return ending.outcome === 'failed' && codes.includes(ending.error.code);
}
