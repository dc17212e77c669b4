import type { ConnectionState } from '../generated/types.gen.js';

interface Common {
  /** RFC 3339. */
  readonly time: string;
  readonly project: string;
  readonly broker: string;
}

/** A client came. Fields that the broker does not tell are missing. */
export interface ClientConnected extends Common {
  readonly type: 'client.connected';
  readonly clientid: string;
  readonly username?: string;
  readonly address?: string;
  readonly protocol?: string;
  readonly protocolVersion?: string;
}

/** A client went. */
export interface ClientDisconnected extends Omit<ClientConnected, 'type'> {
  readonly type: 'client.disconnected';
  readonly reason?: 'client' | 'lost' | 'keepalive' | 'taken-over' | 'kicked' | 'banned' | 'other';
  readonly sessionStays?: boolean;
}

/** Something was done through the service: to a client, to many with one call, or to bans. */
export interface ActionTaken extends Omit<Common, 'broker'> {
  readonly type: 'control' | 'ban';
  /** Absent where it concerns all brokers of the project, as a call for many clients can. */
  readonly broker?: string;
  readonly action: string;
  readonly clientid?: string;
  readonly topic?: string;
  /** `OK`, or an error code. */
  readonly outcome: string;
  readonly outcomeDetail?: 'not-sent' | 'unknown';
  readonly callId?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** For admins. */
  readonly caller?: string;
  readonly reason?: string;
}

/** A broker's connection changed, or it has said whether it tells of its clients; a stream begins with the state of each broker. */
export interface BrokerStateChanged extends Common {
  readonly type: 'broker';
  readonly state: ConnectionState;
  readonly lastError: string | null;
  /** Whether this broker tells who comes and goes; absent while it has not said so. */
  readonly clientEvents?: boolean;
}

/** Events were missed. */
export interface EventGap {
  readonly type: 'gap';
  readonly time: string;
  /** Absent where it concerns all brokers. */
  readonly project?: string;
  readonly broker?: string;
  /** How many, if that is known. */
  readonly missed: number | null;
  readonly why?: string;
}

/** What happened. `id` is where to resume after it; absent where one cannot. */
export type ServiceEvent = (
  ClientConnected | ClientDisconnected | ActionTaken | BrokerStateChanged | EventGap
) & { readonly id?: string };

/** What can be asked for. A `gap` is told in any case. */
export type EventType = Exclude<ServiceEvent['type'], 'gap'>;

const TYPES: ReadonlySet<string> = new Set<ServiceEvent['type']>([
  'client.connected',
  'client.disconnected',
  'control',
  'ban',
  'broker',
  'gap',
]);

/** An event as it came; undefined for what a newer service may send and we do not know. */
export function toServiceEvent(type: string, data: string, id: string | undefined): ServiceEvent | undefined {
  if (!TYPES.has(type)) return undefined;
  const fields = JSON.parse(data) as unknown;
  if (typeof fields !== 'object' || fields === null) return undefined;
  return { ...fields, type, ...(id !== undefined && { id }) } as ServiceEvent;
}
