import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { ErrorBody } from '../errors/app-error.js';
import type { OnBroker, RequestRecord } from '../http/request-record.js';
import { toAppError } from '../http/to-app-error.js';
import type { JsonObject } from '../json/json.js';

/** What became of a command on one broker of several. */
export type BrokerAnswer<Result> =
  | ({ readonly broker: string; readonly status: number } & Result)
  | { readonly broker: string; readonly status: number; readonly error: ErrorBody };

/** Does the same on several brokers, side by side; one that fails keeps no other from its turn. */
export function onAllBrokers<Result extends object>(
  brokers: readonly BrokerRef[],
  status: number,
  requestId: string,
  act: (broker: BrokerRef) => Promise<Result>,
): Promise<BrokerAnswer<Result>[]> {
  return Promise.all(
    brokers.map(async (ref): Promise<BrokerAnswer<Result>> => {
      const broker = ref.brokerId;
      try {
        return { broker, status, ...(await act(ref)) };
      } catch (thrown) {
        const error = toAppError(thrown, requestId).toBody();
        return { broker, status: error.status, error };
      }
    }),
  );
}

/**
 * Writes into a request's record what became of its action on each broker, and, where none has done it, why: of what
 * failed, what may have been done counts most, then what was not tried, and least that there was nothing to do it to.
 *
 * @param detailsOf what to say of one that has done it
 */
export function noteAnswers<Result extends object>(
  record: RequestRecord,
  answers: readonly BrokerAnswer<Result>[],
  detailsOf: (result: Result) => JsonObject,
): void {
  record.onBrokers = answers.map((answer): OnBroker => {
    const { broker } = answer;
    return 'error' in answer
      ? { broker, ...endingOf(answer.error) }
      : { broker, outcome: 'OK', details: detailsOf(answer) };
  });
  if (record.onBrokers.some(({ outcome }) => outcome === 'OK')) return;
  const endings = answers.flatMap((answer) => ('error' in answer ? [endingOf(answer.error)] : []));
  const [first] = endings.toSorted((one, other) => weightOf(other) - weightOf(one));
  record.errorCode = first?.outcome;
  record.outcomeDetail = first?.outcomeDetail;
}

type Failure = ReturnType<typeof endingOf>;

function endingOf({ code, info }: ErrorBody) {
  const outcome = info?.outcome;
  const outcomeDetail = outcome === 'not-sent' || outcome === 'unknown' ? outcome : undefined;
  return { outcome: code, outcomeDetail } as const;
}

function weightOf({ outcome, outcomeDetail }: Failure): number {
  if (outcomeDetail !== undefined) return outcomeDetail === 'unknown' ? 3 : 2;
  return outcome === 'BAN_NOT_FOUND' ? 0 : 1;
}
