import type { AuditEntry } from '@mqtt-client-control/client';
import type { ComponentChildren } from 'preact';
import { api } from '../../api.js';
import { hrefOf, writeClientRef } from '../../address.js';
import { Dialog } from '../../components/dialog.js';
import { Id } from '../../components/id.js';
import { Empty, Shown } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { useResource } from '../../resource.js';
import { absolute, duration } from '../../times.js';
import { outcomeOf } from './audit-query.js';

const MOST = 1000;

/** A request of the trail: the call, and each item of it with how it ended. */
export function RecordDialog({
  project,
  requestId,
  onClose,
}: {
  project: string;
  requestId: string;
  onClose: () => void;
}) {
  const { resource, reload } = useResource(`record/${project}/${requestId}`, async (signal) => {
    const query = { requestId, started: true, limit: MOST };
    const { data } = await api.listAuditRecords({ path: { projectId: project }, query, signal });
    return data;
  });
  return (
    <Dialog title="What was done" onClose={onClose} wide>
      <Shown resource={resource} again={reload} rows={4}>
        {(records) => {
          const items = records.filter(({ index }) => index !== undefined);
          const call = records.find(({ index, outcome }) => index === undefined && outcome !== 'STARTED');
          const first = call ?? records.find(({ index }) => index === undefined) ?? records[0];
          if (first === undefined)
            return <Empty title="No longer in the trail">Its records have made room for newer ones.</Empty>;
          return (
            <>
              <Facts record={first} project={project} />
              {items.length > 0 && <Items items={items} project={project} />}
            </>
          );
        }}
      </Shown>
    </Dialog>
  );
}

function Facts({ record, project }: { record: AuditEntry; project: string }) {
  const { kind, words } = outcomeOf(record);
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['when', `${absolute(Date.parse(record.time))}, took ${duration(record.durationMs)}`],
    [
      'who',
      `${record.caller} (${record.callerKind === 'jwt' ? (record.callerIssuer ?? 'identity provider') : 'token'}), from ${record.address}`,
    ],
    ['what', record.action],
    ['client', record.clientId !== undefined && <ClientLink project={project} record={record} />],
    ['broker', (record.broker as string | undefined) ?? 'all of the project'],
    ['topic', record.topic !== undefined && <Id value={record.topic} />],
    ['outcome', <Status kind={kind}>{words}</Status>],
    ['why', record.reason],
    ['request', <Id value={record.requestId} />],
    ['call', record.callId !== undefined && <Id value={record.callId} />],
    ['more', record.details !== undefined && <pre>{JSON.stringify(record.details, null, 2)}</pre>],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function ClientLink({ project, record }: { project: string; record: AuditEntry }) {
  const { clientId: clientid = '', broker } = record;
  const query = new URLSearchParams({ open: writeClientRef({ project, broker, clientid }) });
  return (
    <>
      <Id value={clientid} /> <a href={hrefOf({ project, page: 'clients', query })}>Open</a>
    </>
  );
}

function Items({ items, project }: { items: readonly AuditEntry[]; project: string }) {
  const sorted = items.toSorted((one, other) => (one.index ?? 0) - (other.index ?? 0));
  return (
    <section>
      <h3>
        {items.length === MOST
          ? `The newest ${MOST} items`
          : items.length === 1
            ? '1 item'
            : `${items.length} items`}
      </h3>
      <div class="items">
        <table>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">what</th>
              <th scope="col">client id</th>
              <th scope="col">broker</th>
              <th scope="col">topic</th>
              <th scope="col">outcome</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((item) => {
              const { kind, words } = outcomeOf(item);
              return (
                <tr key={`${item.index ?? ''} ${item.broker} ${item.outcome}`}>
                  <td>{(item.index ?? 0) + 1}</td>
                  <td>{item.action}</td>
                  <td>{item.clientId !== undefined && <ClientLink project={project} record={item} />}</td>
                  <td>{item.broker}</td>
                  <td class="mono">{item.topic}</td>
                  <td>
                    <Status kind={kind}>{words}</Status>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
