import type { ClientInfo, SubscriptionInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import type { ClientRef } from '../../address.js';
import { wordsOf } from '../../advice.js';
import { api } from '../../api.js';
import { complaintAbout } from '../../components/field.js';
import { Id } from '../../components/id.js';
import { Status } from '../../components/status.js';
import { useTask } from '../../components/use-task.js';

const MADE_BY = {
  client: 'by the client',
  control: 'by this service',
  standing: 'standing',
} as const;

/** What it is subscribed to and who made that; each can be removed, and one added. */
export function Subscriptions({
  client,
  info,
  mayAct,
  onChange,
}: {
  client: ClientRef;
  info: ClientInfo;
  mayAct: boolean;
  onChange: () => void;
}) {
  const list = listOf(info);
  const isAll = info.subscriptionsKnown !== 'since-load';
  return (
    <section>
      <h3>Subscriptions {list !== undefined && <span class="muted">{list.length}</span>}</h3>
      {list === undefined && <p class="muted">This broker does not tell.</p>}
      {list?.length === 0 && <p class="muted">{isAll ? 'None.' : 'None that is known of.'}</p>}
      {list !== undefined && list.length > 0 && (
        <ul class="subscriptions">
          {list.map((subscription) => (
            <Subscription
              key={subscription.topic}
              client={client}
              subscription={subscription}
              mayAct={mayAct}
              onChange={onChange}
            />
          ))}
        </ul>
      )}
      {!isAll && <p class="small muted">It may have others, from before the plugin was loaded.</p>}
      {mayAct && <AddSubscription client={client} onChange={onChange} />}
    </section>
  );
}

type Shown = Pick<SubscriptionInfo, 'topic'> & Partial<SubscriptionInfo>;

/** Undefined where the broker does not tell. A Pro broker tells the topics alone. */
function listOf({ subscriptions }: ClientInfo): readonly Shown[] | undefined {
  return subscriptions?.map((each) => (typeof each === 'string' ? { topic: each } : each));
}

function Subscription({
  client,
  subscription: { topic, qos, options, by },
  mayAct,
  onChange,
}: {
  client: ClientRef;
  subscription: Shown;
  mayAct: boolean;
  onChange: () => void;
}) {
  const [isAsked, setAsked] = useState(false);
  const { isBusy, error, act } = useAct(onChange);
  const facts = [
    qos !== undefined && `QoS ${qos}`,
    options?.no_local === true && 'no local',
    options?.retain_as_published === true && 'retain as published',
    by !== undefined && MADE_BY[by],
  ].filter(Boolean);
  const remove = (): void =>
    act(async () => {
      await api.unsubscribeClient({ path: pathOf(client), body: { clientid: client.clientid, topic } });
    });
  return (
    <li>
      <div>
        <Id value={topic} />
        <p class="small muted">{facts.join(' · ')}</p>
        {error !== undefined && <Status kind="bad">{wordsOf(error)}</Status>}
      </div>
      {mayAct &&
        (isAsked ? (
          <span class="row">
            <button type="button" class="danger small" disabled={isBusy} onClick={remove}>
              Remove it
            </button>
            <button type="button" class="plain" onClick={() => setAsked(false)}>
              Keep
            </button>
          </span>
        ) : (
          <button
            type="button"
            class="plain"
            aria-label={`Remove the subscription ${topic}`}
            onClick={() => setAsked(true)}
          >
            Remove
          </button>
        ))}
    </li>
  );
}

function AddSubscription({ client, onChange }: { client: ClientRef; onChange: () => void }) {
  const [topic, setTopic] = useState('');
  const [qos, setQos] = useState<0 | 1 | 2>(0);
  const { isBusy, error, act } = useAct(() => {
    setTopic('');
    onChange();
  });
  const { clientid } = client;
  return (
    <form
      class="add"
      onSubmit={(event) => {
        event.preventDefault();
        if (topic === '' || isBusy) return;
        act(async () => {
          await api.subscribeClient({ path: pathOf(client), body: { clientid, topic, qos } });
        });
      }}
    >
      <input
        class="mono"
        aria-label="Topic filter to subscribe it to"
        placeholder="subscribe it to …"
        spellcheck={false}
        value={topic}
        onInput={({ currentTarget }) => setTopic(currentTarget.value)}
      />
      <select
        aria-label="QoS"
        value={qos}
        onChange={({ currentTarget }) => setQos(Number(currentTarget.value) as 0 | 1 | 2)}
      >
        {[0, 1, 2].map((each) => (
          <option key={each} value={each}>
            QoS {each}
          </option>
        ))}
      </select>
      <button type="submit" disabled={topic === '' || isBusy}>
        Subscribe
      </button>
      {error !== undefined && (
        <p class="small bad" role="alert">
          {complaintAbout(error, 'topic') ?? wordsOf(error)}
        </p>
      )}
    </form>
  );
}

/** One act at a time, and why it was refused. */
function useAct(onDone: () => void): {
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly act: (work: () => Promise<void>) => void;
} {
  const { isBusy, error, run } = useTask();
  const act = (work: () => Promise<void>): void => void run(() => work().then(onDone));
  return { isBusy, error, act };
}

const pathOf = ({ project, broker }: ClientRef) => ({ projectId: project, brokerId: broker });
