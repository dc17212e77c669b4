import { isApiError } from '@mqtt-client-control/client';
import { hrefOf, type ClientRef } from '../../address.js';
import { api } from '../../api.js';
import { Shown } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Time } from '../../components/time.js';
import { useEvents } from '../../live.js';
import { useResource } from '../../resource.js';
import { outcomeOf } from '../audit/audit-query.js';

const SHOWN = 10;

/** What was done to one client: the latest records of the audit trail. */
export function ClientAudit({ client: { project, broker, clientid } }: { client: ClientRef }) {
  const filters = { clientid, broker };
  const { resource, reload } = useResource(`audit/${project}/${broker}/${clientid}`, async (signal) => {
    const { data } = await api.listAuditRecords({
      path: { projectId: project },
      query: { ...filters, limit: SHOWN },
      signal,
    });
    return data;
  });
  useEvents((event) => {
    if (event.type === 'control' && (event.clientid === clientid || event.clientid === undefined)) reload();
  });
  // Kept in the log alone: nothing that somebody at this page could do about.
  if (resource.state === 'failed' && isApiError(resource.error, 'AUDIT_NOT_AVAILABLE')) return null;
  return (
    <section>
      <h3>
        What was done to it
        <a class="push small" href={hrefOf({ project, page: 'audit', query: new URLSearchParams(filters) })}>
          In the trail
        </a>
      </h3>
      <Shown resource={resource} again={reload} rows={2}>
        {(records) =>
          records.length === 0 ? (
            <p class="muted">Nothing.</p>
          ) : (
            <ol class="happenings">
              {records.map((record) => {
                const { kind, words } = outcomeOf(record);
                const query = new URLSearchParams({ ...filters, record: record.requestId });
                return (
                  <li key={`${record.time} ${record.requestId} ${record.index ?? ''}`}>
                    <Time at={Date.parse(record.time)} />
                    <Status kind={kind}>{words}</Status>
                    <span>
                      <a href={hrefOf({ project, page: 'audit', query })}>{record.action}</a>
                      {record.topic !== undefined && <code> {record.topic}</code>} by {record.caller}
                      {record.reason !== undefined && <span class="muted">, “{record.reason}”</span>}
                    </span>
                  </li>
                );
              })}
            </ol>
          )
        }
      </Shown>
    </section>
  );
}
