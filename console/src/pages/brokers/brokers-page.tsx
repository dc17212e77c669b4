import type { BrokerInfo } from '@mqtt-client-control/client';
import './brokers.css';
import { hrefOf } from '../../address.js';
import { brokers, brokersError, rates, readBrokers } from '../../brokers.js';
import { projectName } from '../../caller.js';
import { Chip } from '../../components/chips.js';
import { Icon } from '../../components/icon.js';
import { Sparkline } from '../../components/sparkline.js';
import { Empty, Failed, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Time } from '../../components/time.js';
import { useEvents } from '../../live.js';
import type { PageProps } from '../../pages.js';
import { now } from '../../times.js';
import { abilitiesOf, certificateOf, stateOf } from './broker-words.js';

/** The brokers of a project: how they are, what they can do, how much they have to do. */
export function BrokersPage({ project }: PageProps) {
  useEvents(({ type }) => type === 'broker' && void readBrokers());
  return (
    <>
      <header class="page-head">
        <h1>Brokers</h1>
        <span class="muted">{projectName}</span>
      </header>
      <List project={project} />
    </>
  );
}

function List({ project }: { project: string }) {
  const list = brokers.value;
  if (list === undefined) {
    return brokersError.value === undefined ? (
      <Loading rows={3} />
    ) : (
      <Failed error={brokersError.value} again={() => void readBrokers()} />
    );
  }
  if (list.length === 0)
    return <Empty title="No broker yet">Name one in the configuration of the service.</Empty>;
  return (
    <>
      {brokersError.value !== undefined && <Failed error={brokersError.value} />}
      <ul class="brokers">
        {list.map((broker) => (
          <Broker key={broker.id} broker={broker} project={project} />
        ))}
      </ul>
    </>
  );
}

function Broker({ broker, project }: { broker: BrokerInfo; project: string }) {
  const { kind, words } = stateOf(broker);
  const href = hrefOf({ project, page: 'clients', query: new URLSearchParams({ broker: broker.id }) });
  return (
    <li class="broker">
      <div>
        <h2>
          <a href={href} title="Its clients">
            {broker.name}
          </a>
        </h2>
        <p class="address">{broker.url}</p>
        {broker.extension !== null && (
          <p class="small muted">
            {broker.extension.broker}, plugin {broker.extension.plugin}
          </p>
        )}
      </div>
      <div>
        <Status kind={kind}>{words}</Status>
        <p class="small muted">
          since <Time at={broker.since} />
        </p>
        <Attention broker={broker} />
      </div>
      <div class="abilities" role="group" aria-label={`What ${broker.name} can do`}>
        {abilitiesOf(broker).map(({ name, can, why }) => (
          <Chip key={name} why={why} cannot={!can}>
            <Icon name={can ? 'check' : 'close'} />
            {name}
          </Chip>
        ))}
      </div>
      <Figures broker={broker} />
    </li>
  );
}

function Figures({ broker }: { broker: BrokerInfo }) {
  const values = rates.value.get(broker.id) ?? [];
  const rate = values.at(-1) ?? 0;
  return (
    <div class="figures">
      <div class="rate">
        <Sparkline values={values} label={`${rate} commands a minute`} />
        <span>{rate}/min</span>
      </div>
      <span class="small muted">{broker.commandsPending} pending</span>
    </div>
  );
}

/** What somebody should look at: a change that does not take effect, a certificate that ends, what the broker warns of. */
function Attention({ broker }: { broker: BrokerInfo }) {
  const certificate = certificateOf(broker, now.value);
  const warnings = broker.extension?.warnings ?? [];
  return (
    <>
      {broker.pendingChange !== null && (
        <p class="small">
          <Status kind="busy">
            a changed configuration does not take effect
            {broker.pendingChange.lastError !== null && `: ${broker.pendingChange.lastError}`}
          </Status>
        </p>
      )}
      {certificate !== undefined && (
        <p class={certificate.isUrgent ? 'small bad' : 'small muted'}>certificate: {certificate.words}</p>
      )}
      {warnings.length > 0 && (
        <details class="small muted">
          <summary>{warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}</summary>
          <ul class="warnings">
            {warnings.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
