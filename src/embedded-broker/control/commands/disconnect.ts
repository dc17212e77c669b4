import { compileClientFilter } from '../../../mqtt-strings/client-filter.js';
import { isMqttString } from '../../../mqtt-strings/mqtt-string.js';
import { LIMITS } from '../../broker/sessions/limits.js';
import { Turn } from '../../broker/turn.js';
import type { DisconnectChoices } from '../../clients/client-operations.js';
import { CommandError, invalidField } from '../../clients/command-error.js';
import { readBoolean, readClientId, readFilter, readOptionalTime, refuseUnknown } from '../command-fields.js';
import type { BrokerCommand, ControlledBroker } from '../controlled-broker.js';
import { matching } from './find.js';

/** How many clients one command disconnects at most. */
const MAX_CLIENTS = 1000;

export const disconnectClient: BrokerCommand = ({ fields }, { operations }) => {
  refuseUnknown(fields, ['clientid', 'withWill', 'cleanSession', 'ifConnectedSince']);
  return operations.disconnect(readClientId(fields), {
    withWill: readBoolean(fields, 'withWill', true),
    cleanSession: readBoolean(fields, 'cleanSession'),
    ifConnectedSince: readOptionalTime(fields, 'ifConnectedSince'),
  });
};

/**
 * Disconnects a list of clients, or those that a filter matches; each has its own outcome. A filter is about clients that
 * are connected, and with `cleanSession` also about those whose session stays.
 */
export const disconnectClients: BrokerCommand = async ({ fields }, broker) => {
  refuseUnknown(fields, ['clientids', 'filter', 'withWill', 'cleanSession']);
  const choices = {
    withWill: readBoolean(fields, 'withWill', true),
    cleanSession: readBoolean(fields, 'cleanSession'),
  };
  const filter = readFilter(fields, 'filter');
  if ((filter === undefined) === (fields.clientids === undefined)) throw invalidField('clientids');
  if (filter === undefined) {
    return { clients: await disconnectAll(readClientIds(fields.clientids), choices, broker), more: false };
  }
  const clientIds: string[] = [];
  let characters = 0;
  let more = false;
  for await (const { clientId, isControl, connection } of matching(
    broker.clients,
    compileClientFilter(filter),
    0,
  )) {
    if (isControl || (connection === undefined && !choices.cleanSession)) continue;
    more = clientIds.length === MAX_CLIENTS || characters >= LIMITS.replyCharacters;
    if (more) break;
    clientIds.push(clientId);
    characters += clientId.length;
  }
  return { clients: await disconnectAll(clientIds, choices, broker), more };
};

async function disconnectAll(
  clientIds: readonly string[],
  choices: DisconnectChoices,
  { operations }: ControlledBroker,
): Promise<object[]> {
  const outcomes: object[] = [];
  const turn = new Turn();
  for (const clientid of clientIds) {
    if (turn.isOver) await turn.next();
    try {
      outcomes.push({ clientid, outcome: 'done', ...(await operations.disconnect(clientid, choices)) });
    } catch (error) {
      outcomes.push({ clientid, outcome: error instanceof CommandError ? error.code : 'INTERNAL' });
    }
  }
  return outcomes;
}

function readClientIds(clientIds: unknown): string[] {
  if (!Array.isArray(clientIds) || clientIds.length === 0 || clientIds.length > MAX_CLIENTS) {
    throw invalidField('clientids');
  }
  return clientIds.map((clientId: unknown) => {
    if (!isMqttString(clientId)) throw invalidField('clientids');
    return clientId;
  });
}
