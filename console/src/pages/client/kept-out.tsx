import type { BrokerBanInfo, ClientInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import type { ClientRef } from '../../address.js';
import { api } from '../../api.js';
import { Status } from '../../components/status.js';
import { globMatches } from '../../glob.js';
import { useEvents } from '../../live.js';
import { useResource } from '../../resource.js';
import { absolute } from '../../times.js';
import { BAN_KINDS } from '../bans/ban-kinds.js';
import { LiftDialog } from '../bans/lift-dialog.js';
import { matchesAddress } from '../clients/match-address.js';

const PAGE = 1000;

/** The bans that keep a client out, each with a way to lift it. */
export function KeptOut({
  client: { project, broker, clientid },
  info,
  mayLift,
}: {
  client: ClientRef;
  info: ClientInfo | undefined;
  mayLift: boolean;
}) {
  const { resource, reload } = useResource(`bans/${project}/${broker}`, (signal) =>
    listAll(project, broker, signal),
  );
  useEvents((event) => event.type === 'ban' && event.broker === broker && reload());
  const [lifting, setLifting] = useState<BrokerBanInfo | undefined>(undefined);
  if (resource.state !== 'ready') return null;
  return (
    <>
      {resource.value
        .filter((ban) => isAbout(ban, { clientid, username: info?.username, address: info?.address }))
        .map((ban) => (
          <div key={`${ban.as} ${ban.who}`} class="drawer-news" role="status">
            <Status kind="bad">
              <span>
                kept out by a ban of the {BAN_KINDS[ban.as].title} <code>{ban.who}</code>
                {ban.until !== null && `, until ${absolute(Date.parse(ban.until))}`}
                {ban.reason !== undefined && `: ${ban.reason}`}
              </span>
            </Status>
            {mayLift && (
              <button type="button" onClick={() => setLifting(ban)}>
                Lift…
              </button>
            )}
          </div>
        ))}
      {lifting !== undefined && (
        <LiftDialog project={project} ban={lifting} onClose={() => setLifting(undefined)} onDone={reload} />
      )}
    </>
  );
}

/** All bans of a broker: the one that keeps the client out may be an old one. */
async function listAll(project: string, broker: string, signal: AbortSignal): Promise<BrokerBanInfo[]> {
  const path = { projectId: project, brokerId: broker };
  const bans: BrokerBanInfo[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const { data, response } = await api.listBans({ path, query, signal });
    bans.push(...data.bans.map((ban) => ({ ...ban, broker })));
    cursor = response.headers.get('X-Next-Cursor');
  } while (cursor !== null);
  return bans;
}

function isAbout(
  { as, who }: BrokerBanInfo,
  client: {
    readonly clientid: string;
    readonly username: string | undefined;
    readonly address: string | undefined;
  },
): boolean {
  const value = client[as];
  if (value === undefined) return false;
  return as === 'address' ? matchesAddress(who, value) : globMatches(who, value);
}
