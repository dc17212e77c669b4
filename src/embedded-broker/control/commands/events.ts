import { readInteger, refuseUnknown } from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';

/** Gives the asking connection a lease on events, or prolongs it. */
export const watchEvents: BrokerCommand = ({ fields, asker }, { events }) => {
  refuseUnknown(fields, ['seconds']);
  const seconds = readInteger(fields, 'seconds', { minimum: 10, maximum: 300, fallback: 60 });
  return { ...events.watch(asker, seconds) };
};

export const unwatchEvents: BrokerCommand = ({ fields, asker }, { events }) => {
  refuseUnknown(fields, []);
  events.unwatch(asker);
  return {};
};
