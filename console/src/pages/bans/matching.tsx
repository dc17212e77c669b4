import type { ClientQuery, FoundClientInfo, NotAnsweredBroker } from '../../api.js';
import { api } from '../../api.js';
import { hrefOf } from '../../address.js';
import { wordsOf } from '../../advice.js';
import { Status } from '../../components/status.js';
import { useResource } from '../../resource.js';
import { filterOf, type BanKind } from './ban-kinds.js';

const MOST = 1000;
const NAMED = 8;

interface Found {
  readonly clients: readonly FoundClientInfo[];
  readonly notAnswered: readonly NotAnsweredBroker[];
  readonly truncated: boolean;
}

/** The clients of a project, or of one broker of it, that a filter is about. */
async function find(
  project: string,
  broker: string | undefined,
  filter: ClientQuery,
  signal: AbortSignal,
): Promise<Found> {
  const list = api.clients(
    broker === undefined ? { projectId: project } : { projectId: project, brokerId: broker },
    { ...filter, limit: MOST },
    signal,
  );
  const clients: FoundClientInfo[] = [];
  for await (const page of list.pages()) clients.push(...page);
  return {
    clients: clients.filter(({ control }) => control !== true),
    notAnswered: list.end?.notAnswered ?? [],
    truncated: list.end?.truncated === true || clients.length >= MOST,
  };
}

const count = ({ clients, truncated }: Found): string => `${clients.length}${truncated ? '+' : ''}`;

/** How many clients a ban is about now, connected or not; leads to them. */
export function MatchCount({
  project,
  broker,
  as,
  who,
}: {
  project: string;
  broker: string;
  as: BanKind;
  who: string;
}) {
  const { resource } = useResource(`${project}/${broker}/${as}/${who}`, (signal) =>
    find(project, broker, filterOf(as, who), signal),
  );
  if (resource.state === 'loading') return <span class="muted">…</span>;
  if (resource.state === 'failed') return <span title={wordsOf(resource.error)}>not known</span>;
  const found = resource.value;
  const connected = found.clients.filter((client) => client.connected === true).length;
  const query = new URLSearchParams({ broker, [as]: who });
  return (
    <a href={hrefOf({ project, page: 'clients', query })}>
      {count(found)} {found.clients.length === 1 ? 'client' : 'clients'}
      {connected > 0 && <span class="warn">, {connected} connected</span>}
    </a>
  );
}

/** Whom something would concern, before it is done: how many, which, and who did not answer. */
export function Matching({
  project,
  broker,
  filter,
  verb,
}: {
  project: string;
  broker: string | undefined;
  filter: ClientQuery;
  /** What becomes of those that are connected. */
  verb: string;
}) {
  const key = JSON.stringify([project, broker, filter]);
  const { resource } = useResource(key, async (signal) => {
    // Somebody is still typing.
    await new Promise((resolve) => setTimeout(resolve, 250));
    signal.throwIfAborted();
    return find(project, broker, filter, signal);
  });
  return (
    <div class="matching" role="status">
      <MatchingWords resource={resource} verb={verb} />
    </div>
  );
}

function MatchingWords({
  resource,
  verb,
}: {
  resource: ReturnType<typeof useResource<Found>>['resource'];
  verb: string;
}) {
  if (resource.state === 'loading') return <span class="muted">Looking who that is…</span>;
  if (resource.state === 'failed') return <Status kind="busy">{wordsOf(resource.error)}</Status>;
  const { clients, notAnswered } = resource.value;
  const connected = clients.filter((client) => client.connected === true);
  const names = clients.slice(0, NAMED).map(({ clientid }) => clientid);
  const more = clients.length - names.length;
  return (
    <>
      <b>
        {clients.length === 0 ? 'No client' : count(resource.value)}{' '}
        {clients.length === 1 ? 'client matches' : clients.length === 0 ? 'matches' : 'clients match'} now
      </b>
      {connected.length > 0 && `; ${connected.length} connected, ${verb}`}
      {names.length > 0 && (
        <p class="mono small">
          {names.join(', ')}
          {more > 0 && `, and ${more} more`}
        </p>
      )}
      {notAnswered.map(({ broker, message }) => (
        <p key={broker} class="small">
          <Status kind="busy">
            {broker} did not answer: {message}
          </Status>
        </p>
      ))}
    </>
  );
}
