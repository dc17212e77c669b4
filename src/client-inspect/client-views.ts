import { pick } from '../broker-clients/client-fields.js';
import type { ClientFields } from '../broker-clients/client-answers.js';
import type { BrokerClients, ClientQuery } from '../broker-clients/broker-clients.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';

/** Which clients a caller asks for, and how they are shown to it. */
export interface ClientView {
  readonly query: ClientQuery;
  show(clients: readonly ClientFields[]): readonly ClientFields[];
}

/**
 * Control connections are shown only to those who may control: with their ids, others could take them over.
 *
 * @param maySeeControl whether the caller may control clients on the broker
 */
export function viewOf(
  clients: BrokerClients,
  broker: BrokerRef,
  { filter, fields }: ClientQuery,
  maySeeControl: boolean,
): ClientView {
  const isShown = (client: ClientFields): boolean => maySeeControl || !clients.isControl(broker, client);
  const isNarrow = fields !== undefined && !maySeeControl && !fields.includes('control');
  return {
    query: { filter, fields: isNarrow ? [...fields, 'control'] : fields },
    show: (page) => {
      const shown = page.filter(isShown);
      return isNarrow ? shown.map((client) => pick(client, fields)) : shown;
    },
  };
}
