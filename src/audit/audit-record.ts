import type { AuditedAction } from '../access/actions.js';
import type { Outcome } from '../broker-gateway/gateway-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { RequestRecord } from '../http/request-record.js';

/** How an action ended, or that its command is about to be sent. */
export type AuditOutcome = 'STARTED' | 'OK' | ErrorCode;

/** One line of the audit trail: who did what to which client, and how it ended. Absent is what was not known. */
export interface AuditRecord {
  /** When the line was written, ISO 8601 in UTC. */
  readonly time: string;
  readonly requestId?: string | undefined;
  /** The token's name, or the JWT's subject. */
  readonly caller?: string | undefined;
  readonly callerKind?: 'token' | 'jwt' | undefined;
  readonly address?: string | undefined;
  readonly project?: string | undefined;
  readonly broker?: string | undefined;
  readonly action?: AuditedAction | undefined;
  readonly clientId?: string | undefined;
  readonly topic?: string | undefined;
  readonly outcome: AuditOutcome;
  /** Whether a command that failed can have been executed. */
  readonly outcomeDetail?: Outcome | undefined;
  /** Since the request arrived. */
  readonly durationMs: number;
}

/** Writes down what is known of a request by now. */
export function toAuditRecord(
  record: RequestRecord,
  outcome: AuditOutcome = record.errorCode ?? 'OK',
): AuditRecord {
  const { audited, caller, project, broker, action, clientId, topic, outcomeDetail, startedAt } = record;
  return {
    time: new Date().toISOString(),
    requestId: audited?.requestId,
    caller: caller?.name,
    callerKind: caller?.kind,
    address: audited?.address,
    project,
    broker,
    action,
    clientId,
    topic,
    outcome,
    outcomeDetail,
    durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
  };
}
