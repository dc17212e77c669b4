import type { AedesOptions, AuthenticateError, Client } from 'aedes';
import { publisherOf, subscriptionsOf } from './aedes-internals.js';
import { cappedQos } from './capped-qos.js';
import type { ControlLogin } from './control-login.js';
import { isTopicName } from '../../mqtt-strings/topic-filter.js';

type AccessHooks = Required<Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeForward'>>;

/** CONNACK return codes, MQTT 3.1.1 section 3.2.2.3. */
const IDENTIFIER_REJECTED = 2;
const BAD_USERNAME_OR_PASSWORD = 4;

/** Whether the topic belongs to the control APIs. */
export function isControlTopic(topic: string): boolean {
  return topic === '$CONTROL' || topic.startsWith('$CONTROL/');
}

/**
 * Who may do what, as aedes hooks. Anybody may connect as a device, with or without a user name; only a connection that
 * logged in as the control user may publish to `$CONTROL/#`, and a reply goes to nobody but the connection that asked.
 * A device that publishes there (or to the broker's own `$SYS/#`) is disconnected, the only refusal that MQTT 3.1.1 has.
 */
export function accessHooks(login: ControlLogin): AccessHooks {
  const controlConnections = new Set<Client>();
  const isControlClientId = (clientId: string): boolean =>
    [...controlConnections].some(({ id }) => id === clientId);

  return {
    authenticate: (client, username, password, done) => {
      switch (login.check(username, password)) {
        case 'none':
          // The same client id would take the control connection over (MQTT 3.1.1 section 3.1.4).
          if (isControlClientId(client.id)) done(refusal(IDENTIFIER_REJECTED), false);
          else done(null, true);
          return;
        case 'refused':
          done(refusal(BAD_USERNAME_OR_PASSWORD), false);
          return;
        case 'accepted':
          controlConnections.add(client);
          client.conn.once('close', () => controlConnections.delete(client));
          // From here on its id is refused to devices; one that was let in just before has registered a turn later, and
          // is then the one that is taken over.
          setImmediate(() => done(null, true));
      }
    },

    authorizePublish: (client, { topic }, done) => {
      const isAllowed =
        isTopicName(topic) &&
        !topic.startsWith('$SYS/') &&
        (!isControlTopic(topic) || (client !== null && controlConnections.has(client)));
      // Messages of one network read are published one per turn: aedes takes a message that is overtaken by a later one
      // for a duplicate and drops it, and storing a retained message takes longer than passing on another one.
      setImmediate(() => done(isAllowed ? null : new Error(`publishing to ${topic} is not allowed`)));
    },

    authorizeForward: (client, packet) => {
      if (isControlTopic(packet.topic)) {
        return controlConnections.has(client) && publisherOf(packet) === client.id ? packet : null;
      }
      const qos = cappedQos(packet, subscriptionsOf(client));
      return qos === packet.qos ? packet : { ...packet, qos };
    },
  };
}

function refusal(returnCode: number): AuthenticateError {
  const error = new Error('login refused');
  // aedes declares the codes as a const enum, which a module compiled on its own cannot use.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment, @typescript-eslint/no-unnecessary-type-assertion
  return Object.assign(error, { returnCode }) as AuthenticateError;
}
