import type { ControlCommand } from '../broker-gateway/protocol/control-protocol.js';
import type { DisconnectClientDto } from './dto/disconnect-client.dto.js';
import type { SubscribeClientDto, SubscriptionOptionsDto } from './dto/subscribe-client.dto.js';
import type { UnsubscribeClientDto } from './dto/unsubscribe-client.dto.js';

/** `disconnectClient` of the client control API. */
export function disconnectClient({ clientid }: DisconnectClientDto): ControlCommand {
  return { command: 'disconnectClient', clientid };
}

/** `subscribeClient` of the client control API; options that are not set are left out. */
export function subscribeClient({ clientid, topic, qos, options }: SubscribeClientDto): ControlCommand {
  return {
    command: 'subscribeClient',
    clientid,
    topic,
    qos,
    ...(options && { options: toCommandOptions(options) }),
  };
}

/** `unsubscribeClient` of the client control API. */
export function unsubscribeClient({ clientid, topic }: UnsubscribeClientDto): ControlCommand {
  return { command: 'unsubscribeClient', clientid, topic };
}

/** JSON leaves out what is undefined; both spellings of null mean "not set". */
function toCommandOptions({ no_local, retain_as_published, send_retain }: SubscriptionOptionsDto): object {
  const isSet = send_retain !== null && send_retain !== 'null';
  return { no_local, retain_as_published, send_retain: isSet ? send_retain : undefined };
}
