import type { Shortage } from '../../broker/sessions/limits.js';
import { refuseUnknown } from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';

const PROTOCOL = 1;

const SHORTAGE_WARNINGS: Readonly<Record<Shortage, string>> = {
  retained: 'the embedded broker did not keep some retained messages: its memory for them is full',
  queued:
    'the embedded broker did not keep some messages for persistent sessions: its memory for them is full',
  sessions: 'the embedded broker dropped persistent sessions that were offline: there were too many',
};

/** What this broker can do, and what its operator should know. */
export const describe: BrokerCommand = ({ fields, asker }, { name, clients }) => {
  refuseUnknown(fields, []);
  const you = clients.on(asker)?.summary;
  return {
    protocol: PROTOCOL,
    plugin: 'embedded',
    broker: name,
    you: { clientid: asker.id, username: you?.username },
    features: {
      disconnect: true,
      purge: true,
      subscribe: true,
      inspect: true,
      bans: true,
      standingSubscriptions: true,
      events: true,
      retained: true,
      ifConnectedSince: true,
      preventWill: true,
    },
    subscriptionsKnown: 'all',
    warnings: [
      'the embedded broker is a demo: bans, standing subscriptions, sessions and retained messages end with this process',
      ...[...clients.sessions.shortages].map((shortage) => SHORTAGE_WARNINGS[shortage]),
    ],
  };
};
