import type { ControlApi } from '../../broker-gateway/protocol/control-api.js';
import { deleteBan, listBans, setBan } from './commands/bans.js';
import { disconnectClient, disconnectClients } from './commands/disconnect.js';
import { describe } from './commands/describe.js';
import { unwatchEvents, watchEvents } from './commands/events.js';
import { getClient, listClients } from './commands/find.js';
import {
  onConnectedClient,
  proDisconnect,
  proSubscribeClient,
  proUnsubscribeClient,
} from './commands/pro-control.js';
import { proGetClient, proListClients } from './commands/pro-inspect.js';
import {
  deleteStandingSubscription,
  getStandingSubscription,
  listStandingSubscriptions,
  setStandingSubscription,
} from './commands/standing-subscriptions.js';
import { subscribeClient, unsubscribeClient } from './commands/subscriptions.js';
import type { BrokerCommand } from './controlled-broker.js';

/** Every command that the embedded broker answers, by API and name: a new one is a line here. */
export const COMMANDS: Readonly<Record<ControlApi, Readonly<Record<string, BrokerCommand>>>> = {
  /** Source: the client control API of Pro Mosquitto. */
  clientControl: {
    disconnectClient: onConnectedClient(proDisconnect),
    subscribeClient: proSubscribeClient,
    unsubscribeClient: proUnsubscribeClient,
  },
  /** Source: the inspect API of Pro Mosquitto. */
  clientInspect: {
    listClients: proListClients,
    getClient: proGetClient,
  },
  /** Source: `docs/control-protocol.md`. */
  extension: {
    describe,
    listClients,
    getClient,
    disconnectClient,
    disconnectClients,
    subscribeClient,
    unsubscribeClient,
    setBan,
    deleteBan,
    listBans,
    setStandingSubscription,
    getStandingSubscription,
    deleteStandingSubscription,
    listStandingSubscriptions,
    watchEvents,
    unwatchEvents,
  },
};
