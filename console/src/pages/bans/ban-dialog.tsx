import type { BanAnswer, BrokerBanAnswer, BrokerInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import { api } from '../../api.js';
import { brokers } from '../../brokers.js';
import { may } from '../../caller.js';
import { Dialog } from '../../components/dialog.js';
import { complaintAbout, Field } from '../../components/field.js';
import { Failed } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { useTask } from '../../components/use-task.js';
import { BAN_KINDS, filterOf, type BanKind } from './ban-kinds.js';
import { Matching } from './matching.js';

/** What a ban begins with when it is made or changed. */
export interface BanDraft {
  readonly as: BanKind;
  readonly who?: string;
  /** Undefined: on all brokers of the project. */
  readonly broker?: string;
  readonly until?: string | null;
  readonly reason?: string;
  /** It is there already: who it is about stays. */
  readonly isThere?: boolean;
}

const HOUR = 3_600_000;
const LENGTHS: readonly { readonly value: string; readonly title: string; readonly ms?: number }[] = [
  { value: 'lifted', title: 'until it is lifted' },
  { value: 'hour', title: 'for an hour', ms: HOUR },
  { value: 'day', title: 'for a day', ms: 24 * HOUR },
  { value: 'week', title: 'for a week', ms: 168 * HOUR },
  { value: 'date', title: 'until a date' },
];

type Result = readonly BrokerBanAnswer[];

/** Keeps clients out: whom and how long, who that is now, and then what became of it on each broker. */
export function BanDialog({
  project,
  draft,
  onClose,
  onDone,
}: {
  project: string;
  draft: BanDraft;
  onClose: () => void;
  onDone: () => void;
}) {
  const able = (brokers.value ?? []).filter(({ id }) => may('editor', project, id));
  const [as, setAs] = useState(draft.as);
  const [who, setWho] = useState(draft.who ?? '');
  const [broker, setBroker] = useState(draft.broker ?? (able.length === 1 ? (able[0]?.id ?? '') : ''));
  const [length, setLength] = useState(typeof draft.until === 'string' ? 'date' : 'lifted');
  const [date, setDate] = useState(typeof draft.until === 'string' ? localTime(draft.until) : '');
  const [reason, setReason] = useState(draft.reason ?? '');
  const [disconnect, setDisconnect] = useState(true);
  const { isBusy, error, run } = useTask();
  const [result, setResult] = useState<Result | undefined>(undefined);

  if (result !== undefined) return <Outcome result={result} who={who} onClose={onClose} />;

  const isComplete = who !== '' && (length !== 'date' || date !== '');
  const submit = async (): Promise<void> => {
    const body = {
      as,
      who,
      until: endOf(length, date),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      disconnect,
    };
    setResult(await ban(project, broker, body));
    onDone();
  };
  return (
    <Dialog
      title={draft.isThere === true ? 'Change a ban' : 'Keep clients out'}
      onClose={onClose}
      foot={
        <>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="ban" class="danger" disabled={!isComplete || isBusy}>
            {draft.isThere === true ? 'Change the ban' : 'Ban'}
          </button>
        </>
      }
    >
      <form
        id="ban"
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete && !isBusy) void run(submit);
        }}
      >
        <div class="two">
          <Field label="By">
            {(control) => (
              <select
                {...control}
                value={as}
                disabled={draft.isThere}
                onChange={({ currentTarget }) => setAs(currentTarget.value as BanKind)}
              >
                {Object.entries(BAN_KINDS).map(([value, { title }]) => (
                  <option key={value} value={value}>
                    {title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Who" hint={BAN_KINDS[as].hint} complaint={complaintAbout(error, 'who')}>
            {(control) => (
              <input
                {...control}
                class="mono"
                spellcheck={false}
                autocomplete="off"
                placeholder={BAN_KINDS[as].example}
                value={who}
                disabled={draft.isThere}
                onInput={({ currentTarget }) => setWho(currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <WhereField brokers={able} value={broker} isFixed={draft.isThere === true} onValue={setBroker} />
        <div class="two">
          <Field label="How long">
            {(control) => (
              <select
                {...control}
                value={length}
                onChange={({ currentTarget }) => setLength(currentTarget.value)}
              >
                {LENGTHS.map(({ value, title }) => (
                  <option key={value} value={value}>
                    {title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {length === 'date' && (
            <Field label="Until" complaint={complaintAbout(error, 'until')}>
              {(control) => (
                <input
                  {...control}
                  type="datetime-local"
                  value={date}
                  onInput={({ currentTarget }) => setDate(currentTarget.value)}
                />
              )}
            </Field>
          )}
        </div>
        <Field
          label="Reason"
          hint="For the audit trail, and for whoever wonders."
          complaint={complaintAbout(error, 'reason')}
        >
          {(control) => (
            <input
              {...control}
              maxLength={500}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          )}
        </Field>
        <label class="choice">
          <input
            type="checkbox"
            checked={disconnect}
            onChange={({ currentTarget }) => setDisconnect(currentTarget.checked)}
          />
          disconnect those that are connected now
        </label>
      </form>
      {who !== '' && (
        <Matching
          project={project}
          broker={broker === '' ? undefined : broker}
          filter={filterOf(as, who)}
          verb={disconnect ? 'to be disconnected' : 'which stay until they go'}
        />
      )}
      {error !== undefined && <Failed error={error} />}
    </Dialog>
  );
}

function WhereField({
  brokers: able,
  value,
  isFixed,
  onValue,
}: {
  brokers: readonly BrokerInfo[];
  value: string;
  isFixed: boolean;
  onValue: (broker: string) => void;
}) {
  return (
    <Field label="Where">
      {(control) => (
        <select
          {...control}
          value={value}
          disabled={isFixed}
          onChange={({ currentTarget }) => onValue(currentTarget.value)}
        >
          {able.length !== 1 && <option value="">all brokers of the project</option>}
          {able.map(({ id, name, extension }) => {
            const can = extension?.features.bans === true;
            return (
              <option key={id} value={id} disabled={!can}>
                {can ? name : `${name}: cannot keep clients out`}
              </option>
            );
          })}
        </select>
      )}
    </Field>
  );
}

/** What became of it, broker by broker. */
function Outcome({ result, who, onClose }: { result: Result; who: string; onClose: () => void }) {
  return (
    <Dialog
      title={`Ban of ${who}`}
      onClose={onClose}
      foot={
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      }
    >
      <ul class="outcomes" role="status">
        {result.map((answer) => (
          <li key={answer.broker}>
            <Status kind={answer.error === undefined ? 'ok' : 'bad'}>
              <b>{answer.broker}</b> {answer.error === undefined ? wordsOfBan(answer) : answer.error.message}
            </Status>
            {(answer.disconnected?.length ?? 0) > 0 && (
              <p class="mono small">{answer.disconnected?.slice(0, 20).join(', ')}</p>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function wordsOfBan({
  disconnected = [],
  disconnectedCount = disconnected.length,
}: Partial<BanAnswer>): string {
  if (disconnectedCount === 0) return 'keeps them out; nobody had to be disconnected';
  return `keeps them out; ${disconnectedCount} disconnected`;
}

async function ban(
  projectId: string,
  broker: string,
  body: Parameters<typeof api.setBan>[0]['body'],
): Promise<Result> {
  if (broker === '') return (await api.setBanOnProject({ path: { projectId }, body })).data.brokers;
  const { data } = await api.setBan({ path: { projectId, brokerId: broker }, body });
  return [{ broker, status: 200, ...data }];
}

function endOf(length: string, date: string): string | null {
  if (length === 'date') return new Date(date).toISOString();
  const ms = LENGTHS.find(({ value }) => value === length)?.ms;
  return ms === undefined ? null : new Date(Date.now() + ms).toISOString();
}

/** As a field of date and time takes it: in the user's zone, to the minute. */
function localTime(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
