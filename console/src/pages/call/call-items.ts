import type { AuditEntry, ItemOutcome } from '@mqtt-client-control/client';
import { api } from '../../api.js';

/** A finished call as the audit trail has it. */
export interface RecordedCall {
  readonly items: readonly ItemOutcome[];
  readonly caller: string;
  readonly reason: string | undefined;
  readonly endedAt: number;
}

const PAGE = 1000;
/** Requests that a call may have been made of, each with some hundred items. */
const MOST_PAGES = 200;

/** Reads a call from the audit trail, by the ids of its requests. Needs the role `admin`. */
export async function readCall(
  projectId: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<RecordedCall | undefined> {
  const records: AuditEntry[] = [];
  for (const requestId of ids) records.push(...(await readRequest(projectId, requestId, signal)));
  const whole = records.find(({ action }) => action === 'bulk') ?? records[0];
  if (whole === undefined) return undefined;
  return {
    items: records
      .filter(({ action }) => action !== 'bulk')
      .map(itemOf)
      .sort((a, b) => a.index - b.index),
    caller: whole.caller,
    reason: whole.reason,
    endedAt: Date.parse(whole.time),
  };
}

async function readRequest(projectId: string, requestId: string, signal: AbortSignal): Promise<AuditEntry[]> {
  const records: AuditEntry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data, response } = await api.listAuditRecords({
      path: { projectId },
      query: { requestId, limit: PAGE, ...(cursor !== undefined && { cursor }) },
      signal,
    });
    records.push(...data);
    cursor = response.headers.get('X-Next-Cursor') ?? undefined;
    if (cursor === undefined) break;
  }
  return records;
}

/** A record of an item; of a failure the trail keeps the code. */
export function itemOf(record: AuditEntry): ItemOutcome {
  const { broker, clientId, action, index = 0, outcome, outcomeDetail } = record;
  const item = { index, broker, ...(clientId !== undefined && { clientid: clientId }), action };
  if (outcome === 'OK') return { ...item, outcome: 'done', status: 200 };
  const error = { code: outcome, message: outcome, status: 0 } as unknown as NonNullable<
    ItemOutcome['error']
  >;
  return { ...item, outcome: outcomeDetail ?? 'failed', status: 0, error };
}
