import type { StandingSubscriptionAnswer } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import { api } from '../../api.js';
import { brokers } from '../../brokers.js';
import { may } from '../../caller.js';
import { Dialog } from '../../components/dialog.js';
import { complaintAbout, Field } from '../../components/field.js';
import { Failed } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { useTask } from '../../components/use-task.js';
import { Matching } from '../bans/matching.js';
import type { Standing } from './standing-page.js';

const PATTERN = '* any characters, ? one; empty: any';
const RETAINED = [
  ['', 'as the broker does'],
  ['always', 'always'],
  ['new', 'only where it is new'],
  ['never', 'never'],
] as const;
type Retained = (typeof RETAINED)[number][0];

/** Makes a standing subscription, or changes one: whom it is for, who that is now, and then how many have it. */
export function StandingDialog({
  project,
  draft,
  onClose,
  onDone,
}: {
  project: string;
  draft: Partial<Standing>;
  onClose: () => void;
  onDone: () => void;
}) {
  const isThere = draft.name !== undefined;
  const able = (brokers.value ?? []).filter(({ id }) => may('editor', project, id));
  const first = able.find(({ extension }) => extension?.features.standingSubscriptions === true);
  const [form, setForm] = useState({
    broker: draft.broker ?? first?.id ?? '',
    name: draft.name ?? '',
    clientid: draft.select?.clientid ?? '',
    username: draft.select?.username ?? '',
    topic: draft.topic ?? '',
    qos: draft.qos ?? 0,
    retained: (draft.options?.send_retain ?? '') as Retained,
    noLocal: draft.options?.no_local ?? false,
  });
  const change = (changes: Partial<typeof form>): void => setForm({ ...form, ...changes });
  const { isBusy, error, run } = useTask();
  const [result, setResult] = useState<StandingSubscriptionAnswer | undefined>(undefined);

  if (result !== undefined) return <Outcome name={form.name} result={result} onClose={onClose} />;

  const select = {
    ...(form.clientid !== '' && { clientid: form.clientid }),
    ...(form.username !== '' && { username: form.username }),
  };
  const isComplete =
    form.broker !== '' && form.name !== '' && form.topic !== '' && Object.keys(select).length > 0;
  const submit = async (): Promise<void> => {
    const options = {
      ...(form.noLocal && { no_local: true }),
      ...(form.retained !== '' && { send_retain: form.retained }),
    };
    const { data } = await api.setStandingSubscription({
      path: { projectId: project, brokerId: form.broker, name: form.name },
      body: {
        select,
        topic: form.topic,
        qos: form.qos,
        ...(Object.keys(options).length > 0 && { options }),
      },
    });
    setResult(data);
    onDone();
  };
  return (
    <Dialog
      title={isThere ? `Change ${draft.name ?? ''}` : 'New standing subscription'}
      onClose={onClose}
      foot={
        <>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="standing" class="primary" disabled={!isComplete || isBusy}>
            {isThere ? 'Change it' : 'Subscribe them'}
          </button>
        </>
      }
    >
      <form
        id="standing"
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete && !isBusy) void run(submit);
        }}
      >
        <div class="halves">
          <Field
            label="Name"
            hint="Letters, digits, dots, underscores, hyphens."
            complaint={complaintAbout(error, 'name')}
          >
            {(control) => (
              <input
                {...control}
                value={form.name}
                disabled={isThere}
                onInput={({ currentTarget }) => change({ name: currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Broker">
            {(control) => (
              <select
                {...control}
                value={form.broker}
                disabled={isThere}
                onChange={({ currentTarget }) => change({ broker: currentTarget.value })}
              >
                {able.map(({ id, name, extension }) => {
                  const can = extension?.features.standingSubscriptions === true;
                  return (
                    <option key={id} value={id} disabled={!can}>
                      {can ? name : `${name}: has no standing subscriptions`}
                    </option>
                  );
                })}
              </select>
            )}
          </Field>
        </div>
        <div class="halves">
          <Field
            label="Client ids like"
            hint={PATTERN}
            complaint={complaintAbout(error, 'select.clientid') ?? complaintAbout(error, 'select')}
          >
            {(control) => (
              <input
                {...control}
                class="mono"
                placeholder="gw-*"
                value={form.clientid}
                onInput={({ currentTarget }) => change({ clientid: currentTarget.value })}
              />
            )}
          </Field>
          <Field
            label="And user names like"
            hint={PATTERN}
            complaint={complaintAbout(error, 'select.username')}
          >
            {(control) => (
              <input
                {...control}
                class="mono"
                placeholder="any"
                value={form.username}
                onInput={({ currentTarget }) => change({ username: currentTarget.value })}
              />
            )}
          </Field>
        </div>
        <Field
          label="Topic filter"
          hint="${clientid} stands for the id of each client."
          complaint={complaintAbout(error, 'topic')}
        >
          {(control) => (
            <input
              {...control}
              class="mono"
              placeholder="cmd/${clientid}"
              value={form.topic}
              onInput={({ currentTarget }) => change({ topic: currentTarget.value })}
            />
          )}
        </Field>
        <div class="halves">
          <Field label="QoS">
            {(control) => (
              <select
                {...control}
                value={form.qos}
                onChange={({ currentTarget }) => change({ qos: Number(currentTarget.value) as 0 | 1 | 2 })}
              >
                <option value={0}>0: at most once</option>
                <option value={1}>1: at least once</option>
                <option value={2}>2: exactly once</option>
              </select>
            )}
          </Field>
          <Field label="Retained messages">
            {(control) => (
              <select
                {...control}
                value={form.retained}
                onChange={({ currentTarget }) => change({ retained: currentTarget.value as Retained })}
              >
                {RETAINED.map(([value, title]) => (
                  <option key={value} value={value}>
                    {title}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <label class="choice">
          <input
            type="checkbox"
            checked={form.noLocal}
            onChange={({ currentTarget }) => change({ noLocal: currentTarget.checked })}
          />
          not what they publish themselves (no local)
        </label>
      </form>
      {Object.keys(select).length > 0 && form.broker !== '' && (
        <Matching project={project} broker={form.broker} filter={select} verb="to be subscribed at once" />
      )}
      {error !== undefined && <Failed error={error} />}
    </Dialog>
  );
}

function Outcome({
  name,
  result,
  onClose,
}: {
  name: string;
  result: StandingSubscriptionAnswer;
  onClose: () => void;
}) {
  const { clients, skipped } = result;
  return (
    <Dialog
      title={name}
      onClose={onClose}
      foot={
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      }
    >
      <p role="status">
        <Status kind="ok">
          {clients === 1 ? '1 client has it now.' : `${clients} clients have it now.`}
        </Status>
      </p>
      {skipped > 0 && (
        <p>
          <Status kind="busy">{skipped} were passed by: their ids hold +, # or /.</Status>
        </p>
      )}
    </Dialog>
  );
}
