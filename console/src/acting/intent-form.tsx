import type { BrokerInfo } from '@mqtt-client-control/client';
import { tellsOfClients } from '../live.js';
import { whyNoChoice, whyNone } from './abilities.js';
import type { Intent, Qos } from './intent.js';

interface FormProps<Kind extends Intent['kind']> {
  readonly intent: Extract<Intent, { kind: Kind }>;
  readonly onIntent: (intent: Intent) => void;
  /** The brokers that it concerns. */
  readonly brokers: readonly BrokerInfo[];
}

/** The choices of the API, in words, with its defaults. */
export function IntentForm({
  intent,
  onIntent,
  brokers,
}: {
  intent: Intent;
  onIntent: (intent: Intent) => void;
  brokers: readonly BrokerInfo[];
}) {
  const more = { onIntent, brokers };
  switch (intent.kind) {
    case 'disconnect':
      return <DisconnectForm intent={intent} {...more} />;
    case 'subscribe':
      return <SubscribeForm intent={intent} {...more} />;
    case 'unsubscribe':
      return (
        <Topic
          label="Topic filter"
          value={intent.topic}
          onValue={(topic) => onIntent({ ...intent, topic })}
        />
      );
    case 'move':
      return <MoveForm intent={intent} {...more} />;
    case 'ban':
      return <BanForm intent={intent} {...more} />;
  }
}

function DisconnectForm({ intent, onIntent, brokers }: FormProps<'disconnect'>) {
  const tells = brokers.some(({ id }) => tellsOfClients.value.has(id));
  return (
    <div class="choices">
      <Tick
        words="Do not publish their wills"
        isOn={intent.preventWillMessage}
        onTick={(preventWillMessage) => onIntent({ ...intent, preventWillMessage })}
        why={whyNone(brokers, (broker) => whyNoChoice(broker, 'preventWill'))}
      />
      <Tick
        words="Remove their sessions, too"
        hint="Subscriptions and messages that wait for them are gone; sessions that are stored but not connected end as well."
        isOn={intent.cleanSession}
        onTick={(cleanSession) => onIntent({ ...intent, cleanSession })}
        why={whyNone(brokers, (broker) => whyNoChoice(broker, 'purge'))}
      />
      <Tick
        words="Watch who comes back"
        isOn={intent.watch && tells}
        onTick={(watch) => onIntent({ ...intent, watch })}
        why={tells ? undefined : 'These brokers do not tell who comes and goes.'}
      />
    </div>
  );
}

function SubscribeForm({ intent, onIntent }: FormProps<'subscribe'>) {
  return (
    <>
      <div class="pair">
        <Topic
          label="Topic filter"
          value={intent.topic}
          onValue={(topic) => onIntent({ ...intent, topic })}
        />
        <QosField value={intent.qos} onValue={(qos) => onIntent({ ...intent, qos })} />
      </div>
      <div class="choices">
        <Tick
          words="Not their own messages"
          isOn={intent.noLocal}
          onTick={(noLocal) => onIntent({ ...intent, noLocal })}
        />
        <Tick
          words="Keep the retain flag as published"
          isOn={intent.retainAsPublished}
          onTick={(retainAsPublished) => onIntent({ ...intent, retainAsPublished })}
        />
      </div>
      <div class="field">
        <label for="send-retain">Retained messages</label>
        <select
          id="send-retain"
          value={intent.sendRetain}
          onChange={({ currentTarget }) =>
            onIntent({ ...intent, sendRetain: currentTarget.value as typeof intent.sendRetain })
          }
        >
          <option value="null">as the broker does</option>
          <option value="always">are sent</option>
          <option value="new">are sent if the subscription is new</option>
          <option value="never">are not sent</option>
        </select>
      </div>
    </>
  );
}

function MoveForm({ intent, onIntent }: FormProps<'move'>) {
  return (
    <>
      <Topic
        label="From the topic filter"
        value={intent.from}
        onValue={(from) => onIntent({ ...intent, from })}
      />
      <div class="pair">
        <Topic label="To the topic filter" value={intent.to} onValue={(to) => onIntent({ ...intent, to })} />
        <QosField value={intent.qos} onValue={(qos) => onIntent({ ...intent, qos })} />
      </div>
      <p class="small muted">
        Subscribed to the new one first; only where that was done is the old one taken away.
      </p>
    </>
  );
}

const MINUTE = 60_000;
const LENGTHS: readonly (readonly [number | null, string])[] = [
  [15 * MINUTE, '15 minutes'],
  [60 * MINUTE, '1 hour'],
  [8 * 60 * MINUTE, '8 hours'],
  [24 * 60 * MINUTE, '1 day'],
  [7 * 24 * 60 * MINUTE, '1 week'],
  [null, 'until it is lifted'],
];

function BanForm({ intent, onIntent }: FormProps<'ban'>) {
  return (
    <>
      <div class="field">
        <label for="ban-length">For how long</label>
        <select
          id="ban-length"
          value={String(intent.forMs)}
          onChange={({ currentTarget }) =>
            onIntent({
              ...intent,
              forMs: currentTarget.value === 'null' ? null : Number(currentTarget.value),
            })
          }
        >
          {LENGTHS.map(([ms, words]) => (
            <option key={words} value={String(ms)}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <Tick
        words="Disconnect them now"
        isOn={intent.disconnect}
        onTick={(disconnect) => onIntent({ ...intent, disconnect })}
      />
      <p class="small muted">
        A ban for each client id. To keep out by user name, address or pattern, use the page Bans.
      </p>
    </>
  );
}

function Topic({
  label,
  value,
  onValue,
}: {
  label: string;
  value: string;
  onValue: (value: string) => void;
}) {
  const id = `topic-${label.replaceAll(' ', '-').toLowerCase()}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="mono"
        spellcheck={false}
        autocomplete="off"
        placeholder={'commands/${clientid}'}
        value={value}
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
    </div>
  );
}

function QosField({ value, onValue }: { value: Qos; onValue: (value: Qos) => void }) {
  return (
    <div class="field">
      <label for="qos">QoS</label>
      <select
        id="qos"
        value={value}
        onChange={({ currentTarget }) => onValue(Number(currentTarget.value) as Qos)}
      >
        {[0, 1, 2].map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </div>
  );
}

function Tick({
  words,
  hint,
  isOn,
  onTick,
  why,
}: {
  words: string;
  hint?: string;
  isOn: boolean;
  onTick: (isOn: boolean) => void;
  /** Why it cannot be chosen. */
  why?: string | undefined;
}) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={isOn && why === undefined}
        disabled={why !== undefined}
        onChange={({ currentTarget }) => onTick(currentTarget.checked)}
      />
      <span>
        {words}
        {(why ?? hint) !== undefined && <span class="hint">{why ?? hint}</span>}
      </span>
    </label>
  );
}
