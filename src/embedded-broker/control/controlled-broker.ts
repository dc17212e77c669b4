import type { BanList } from '../clients/ban-list.js';
import type { ClientEvents } from '../clients/client-events.js';
import type { ClientOperations } from '../clients/client-operations.js';
import type { ClientTable } from '../clients/client-table.js';
import type { StandingSubscriptions } from '../clients/standing-subscriptions.js';
import type { Command } from './control-endpoint.js';

/** What commands need of the broker. */
export interface ControlledBroker {
  /** Name and version. */
  readonly name: string;
  readonly clients: ClientTable;
  readonly operations: ClientOperations;
  readonly bans: BanList;
  readonly standingSubscriptions: StandingSubscriptions;
  readonly events: ClientEvents;
}

/** A command of the embedded broker. */
export type BrokerCommand = Command<ControlledBroker>;
