import type {
  BulkItemAnswer,
  BulkSummary,
  DisconnectClientDto,
  SubscribeClientDto,
  UnsubscribeClientDto,
} from '../generated/types.gen.js';

/** What to do to a client. */
export type Action =
  | ({ readonly action: 'disconnect' } & Omit<DisconnectClientDto, 'clientid' | 'watchMs'>)
  | ({ readonly action: 'subscribe' } & Omit<SubscribeClientDto, 'clientid'>)
  | ({ readonly action: 'unsubscribe' } & Omit<UnsubscribeClientDto, 'clientid'>);

/** What to do to which client. */
export type Operation = Action & {
  readonly clientid: string;
  /** Of a call over a project: the client's broker, or `*` for wherever it is. */
  readonly broker?: string;
};

/** Which clients; several fields must all hold. */
export interface Selection {
  readonly clientid?: string;
  readonly username?: string;
  /** An address, or a network such as `10.0.0.0/8`. */
  readonly address?: string;
  readonly connected?: boolean;
  readonly protocolVersion?: 'v3.1' | 'v3.1.1' | 'v5';
  /** RFC 3339, or epoch milliseconds. */
  readonly connectedBefore?: string | number;
  readonly connectedAfter?: string | number;
}

/** A selection of clients, and what to do to each, the next only after the one before succeeded. */
export interface SelectionWork {
  readonly select: Selection;
  /** A `topic` may hold `${clientid}`. */
  readonly actions: readonly Action[];
  /** Do it only if so many are selected. */
  readonly expectCount?: number;
  /** Do it only if the selected are those of this preview. */
  readonly selection?: string;
  /** Do it even if not all brokers told which of their clients match. */
  readonly partial?: boolean;
}

/** How one operation ended. */
export type ItemOutcome = BulkItemAnswer;

/** How many operations ended how. */
export type Summary = BulkSummary;
