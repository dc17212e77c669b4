import type { ClientInfo } from '@mqtt-client-control/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import './client-drawer.css';
import type { ClientRef } from '../../address.js';
import { api } from '../../api.js';
import { brokers } from '../../brokers.js';
import { may } from '../../caller.js';
import { Id } from '../../components/id.js';
import { Shown } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Time } from '../../components/time.js';
import { escapeGlob } from '../../glob.js';
import { useEvents } from '../../live.js';
import { useResource } from '../../resource.js';
import { Drawer } from '../../shell/drawer.js';
import { BanDialog } from '../bans/ban-dialog.js';
import { CameBack } from './came-back.js';
import { ClientAudit } from './client-audit.js';
import { ClientEvents } from './client-events.js';
import { ClientFacts } from './client-facts.js';
import { KeptOut } from './kept-out.js';
import { DisconnectDialog } from './disconnect-dialog.js';
import { Subscriptions } from './subscriptions.js';

/** Events of a client come in groups: it is asked for once for all of them. */
const SOON_MS = 250;

type Open = 'disconnect' | 'ban' | undefined;

/** One client, beside the list: what it is, what it is subscribed to, what was done to it, what happens to it. */
export function ClientDrawer({ client, onClose }: { client: ClientRef; onClose: () => void }) {
  const { project, broker, clientid } = client;
  const key = `client/${project}/${broker}/${clientid}`;
  const { resource, reload } = useResource(key, async (signal) => {
    const path = { projectId: project, brokerId: broker };
    const { data } = await api.getClient({ path, query: { clientid }, signal });
    return data;
  });
  useReloadOnEvents(client, reload);
  const [open, setOpen] = useState<Open>(undefined);
  const mayAct = may('editor', project, broker);
  const canBan = brokers.value?.find(({ id }) => id === broker)?.extension?.features.bans === true;
  const info = resource.state === 'ready' ? resource.value : undefined;
  const isControl = info?.control === true;
  return (
    <Drawer title={<Id value={clientid} />} label={`Client ${clientid}`} onClose={onClose}>
      {canBan && <KeptOut client={client} info={info} mayLift={mayAct} />}
      <CameBack client={client} onBan={mayAct && canBan ? () => setOpen('ban') : undefined} />
      {mayAct && (
        <div class="drawer-actions" role="group" aria-label="What to do to this client">
          <button
            type="button"
            disabled={info === undefined || isControl}
            onClick={() => setOpen('disconnect')}
          >
            Disconnect…
          </button>
          <button
            type="button"
            disabled={!canBan || isControl}
            title={canBan ? undefined : 'This broker cannot keep clients out.'}
            onClick={() => setOpen('ban')}
          >
            Ban…
          </button>
          {isControl && (
            <span class="small muted">It may itself command the broker: it is never touched.</span>
          )}
        </div>
      )}
      <section>
        <Shown resource={resource} again={reload} rows={6}>
          {(found) => (
            <>
              <p class="state">
                <State client={found} />
              </p>
              <ClientFacts client={found} broker={broker} />
              <Subscriptions client={client} info={found} mayAct={mayAct && !isControl} onChange={reload} />
            </>
          )}
        </Shown>
      </section>
      {may('admin', project, broker) && <ClientAudit client={client} />}
      <ClientEvents client={client} />
      {open === 'disconnect' && (
        <DisconnectDialog
          client={client}
          lastConnect={info?.lastConnect ?? undefined}
          onClose={() => setOpen(undefined)}
          onBan={canBan ? () => setOpen('ban') : undefined}
        />
      )}
      {open === 'ban' && (
        <BanDialog
          project={project}
          draft={{ as: 'clientid', who: escapeGlob(clientid), broker }}
          onClose={() => setOpen(undefined)}
          onDone={reload}
        />
      )}
    </Drawer>
  );
}

function State({ client }: { client: ClientInfo }) {
  const { connected, lastConnect, lastDisconnect } = client;
  if (connected === true)
    return (
      <Status kind="ok">
        <span>
          connected
          {typeof lastConnect === 'number' && (
            <>
              , since <Time at={lastConnect} />
            </>
          )}
        </span>
      </Status>
    );
  return (
    <Status kind="off">
      <span>
        not connected; its session is kept
        {typeof lastDisconnect === 'number' && (
          <>
            , went <Time at={lastDisconnect} />
          </>
        )}
      </span>
    </Status>
  );
}

function useReloadOnEvents({ broker, clientid }: ClientRef, reload: () => void): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents((event) => {
    const isOurs = 'clientid' in event && event.clientid === clientid && event.broker === broker;
    // A gap, or a call for many, may have been about this client.
    if (!isOurs && event.type !== 'gap' && !(event.type === 'control' && event.clientid === undefined))
      return;
    clearTimeout(timer.current);
    timer.current = setTimeout(reload, SOON_MS);
  });
}
