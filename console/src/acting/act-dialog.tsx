import { useEffect, useState } from 'preact/hooks';
import { adviceFor, wordsOf } from '../advice.js';
import { api, ApiError } from '../api.js';
import { brokers } from '../brokers.js';
import { Dialog } from '../components/dialog.js';
import { navigate } from '../router.js';
import { whyNot } from './abilities.js';
import {
  actionsOf,
  BLANK,
  inOneLine,
  lacking,
  unfitFor,
  VERBS,
  type Intent,
  type IntentKind,
  type Whom,
} from './intent.js';
import { IntentForm } from './intent-form.js';
import type { Plan } from './lines.js';
import { SameAs, seenOf, WhomList, type Seen } from './preview.js';
import { begin } from './runs.js';

/** From so many on, the number has to be typed. */
const MANY = 100;

/** Say what, see whom it concerns, and only then do it. */
export function ActDialog({
  whom,
  kind,
  first = BLANK[kind],
  onClose,
}: {
  whom: Whom;
  kind: IntentKind;
  /** What the form begins with. */
  first?: Intent;
  onClose: () => void;
}) {
  const [intent, setIntent] = useState<Intent>(first);
  const [reason, setReason] = useState('');
  const [perSecond, setPerSecond] = useState('');
  const [isSeeing, setSeeing] = useState(false);
  const plan: Plan = {
    whom,
    intent,
    reason: reason.trim(),
    perSecond: perSecond === '' ? undefined : Number(perSecond),
  };
  if (isSeeing) return <SeeDialog plan={plan} onBack={() => setSeeing(false)} onClose={onClose} />;
  const lacks = lacking(intent);
  return (
    <Dialog
      title={`${VERBS[kind].now}: say what`}
      onClose={onClose}
      foot={
        <>
          {lacks !== undefined && <span class="small muted">{lacks}</span>}
          <button type="submit" form="act" class="primary" disabled={lacks !== undefined}>
            See whom it concerns
          </button>
        </>
      }
    >
      <form
        id="act"
        class="dialog-fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (lacks === undefined) setSeeing(true);
        }}
      >
        <IntentForm intent={intent} onIntent={setIntent} brokers={brokersOf(whom)} />
        <div class="field">
          <label for="reason">Reason, for the audit trail</label>
          <input
            id="reason"
            maxLength={500}
            value={reason}
            onInput={({ currentTarget }) => setReason(currentTarget.value)}
          />
        </div>
        {kind !== 'ban' && (whom.kind === 'matching' || whom.clients.length > 1) && (
          <div class="field type-number">
            <label for="per-second">At most so many a second</label>
            <input
              id="per-second"
              type="number"
              min={1}
              max={100000}
              placeholder="as fast as they answer"
              value={perSecond}
              onInput={({ currentTarget }) => setPerSecond(currentTarget.value)}
            />
          </div>
        )}
      </form>
    </Dialog>
  );
}

/** The brokers that it may concern. */
export function brokersOf(whom: Whom) {
  const all = brokers.value ?? [];
  if (whom.kind === 'clients')
    return all.filter(({ id }) => whom.clients.some(({ broker }) => broker === id));
  return whom.brokerId === undefined ? all : all.filter(({ id }) => id === whom.brokerId);
}

function SeeDialog({ plan, onBack, onClose }: { plan: Plan; onBack: () => void; onClose: () => void }) {
  const { intent } = plan;
  const [seen, setSeen] = useState<Seen | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [isPartial, setPartial] = useState(false);
  const [typed, setTyped] = useState('');
  const [isBeginning, setBeginning] = useState(false);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    setSeen(undefined);
    see(plan, controller.signal).then(setSeen, (reason: unknown) => {
      if (!controller.signal.aborted) setError(reason);
    });
    return () => controller.abort();
  }, [round]);

  const again = () => {
    setError(undefined);
    setTyped('');
    setRound((count) => count + 1);
  };
  const count = seen?.count ?? 0;
  const isMissing = (seen?.notAnswered.length ?? 0) > 0;
  const isReady =
    seen !== undefined &&
    count > 0 &&
    !isBeginning &&
    (!isMissing || isPartial) &&
    (count <= MANY || typed.replace(/[\s,.]/g, '') === String(count));
  const whole: Plan = { ...plan, selection: seen?.selection, partial: isMissing && isPartial };

  const act = async () => {
    setBeginning(true);
    setError(undefined);
    try {
      const id = await begin(whole, count);
      onClose();
      navigate({ page: 'call', query: new URLSearchParams({ id }) });
    } catch (reason) {
      setError(reason);
      setBeginning(false);
    }
  };

  return (
    <Dialog
      wide
      title={seen === undefined ? VERBS[intent.kind].now : inOneLine(intent.kind, count)}
      onClose={onClose}
      foot={
        <>
          <button type="button" onClick={onBack}>
            Back
          </button>
          <button
            type="button"
            class={intent.kind === 'subscribe' ? 'primary' : 'danger'}
            disabled={!isReady}
            onClick={() => void act()}
          >
            {isBeginning ? 'Beginning…' : inOneLine(intent.kind, count)}
          </button>
        </>
      }
    >
      {error !== undefined && <Refusal error={error} again={again} />}
      {seen === undefined && error === undefined && <p role="status">Asking the brokers…</p>}
      {seen !== undefined && (
        <>
          <Unable plan={plan} />
          {count === 0 ? <p>No client matches now.</p> : <WhomList seen={seen} />}
          {isMissing && (
            <div class="warning">
              <p>Did not tell which of their clients match:</p>
              <ul>
                {seen.notAnswered.map(({ broker, message }) => (
                  <li key={broker}>
                    <b>{broker}</b>: {message}
                  </li>
                ))}
              </ul>
              <label class="choice">
                <input
                  type="checkbox"
                  checked={isPartial}
                  onChange={({ currentTarget }) => setPartial(currentTarget.checked)}
                />
                Do it on the others
              </label>
            </div>
          )}
          {count > MANY && (
            <div class="field type-number">
              <label for="typed">These are many. Type their number: {count}</label>
              <input
                id="typed"
                inputMode="numeric"
                autocomplete="off"
                value={typed}
                onInput={({ currentTarget }) => setTyped(currentTarget.value)}
              />
            </div>
          )}
          <SameAs plan={whole} />
        </>
      )}
    </Dialog>
  );
}

/** Whom it concerns: asked of the brokers where it is a filter. */
async function see({ whom, intent }: Plan, signal: AbortSignal): Promise<Seen> {
  if (whom.kind === 'matching') {
    const target = { projectId: whom.projectId, brokerId: whom.brokerId };
    return seenOf(await api.preview(target, { select: whom.select, actions: actionsOf(intent) }, signal));
  }
  const [unfit] = unfitFor(intent, whom.clients);
  if (unfit !== undefined) {
    throw new Error(`The id "${unfit.clientid}" holds +, # or / and cannot stand in a topic. Untick it.`);
  }
  return { count: whom.clients.length, first: whom.clients, selection: undefined, notAnswered: [] };
}

/** Brokers that cannot do it: theirs will fail, and the others not. */
function Unable({ plan: { whom, intent } }: { plan: Plan }) {
  const unable = brokersOf(whom).flatMap((broker) => whyNot(broker, intent.kind) ?? []);
  if (unable.length === 0) return null;
  return (
    <ul class="warning">
      {unable.map((words) => (
        <li key={words}>{words}</li>
      ))}
    </ul>
  );
}

function Refusal({ error, again }: { error: unknown; again: () => void }) {
  const hasChanged = error instanceof ApiError && error.code === 'SELECTION_CHANGED';
  return (
    <div class="refusal" role="alert">
      <p>
        <b>{wordsOf(error)}</b>
      </p>
      <p>
        {hasChanged ? 'Nothing was done. ' : ''}
        {adviceFor(error)}
      </p>
      <button type="button" onClick={again}>
        Look again
      </button>
    </div>
  );
}
