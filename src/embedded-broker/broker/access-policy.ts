import type { AedesOptions, AuthenticateError, Client } from 'aedes';
import { isTopicName } from '../../mqtt-strings/topic-filter.js';
import type { BanList } from '../clients/ban-list.js';
import type { ClientTable } from '../clients/client-table.js';
import type { DisconnectReasons } from '../clients/disconnect-reasons.js';
import { addressOf } from '../clients/known-client.js';
import { publisherOf, subscriptionsOf } from './aedes-internals.js';
import { cappedQos, isControlTopic } from './delivery.js';
import type { ControlLogin } from './control-login.js';
import { LIMITS } from './sessions/limits.js';
import type { SubscriptionLimit } from './subscription-limit.js';

type AccessHooks = Required<
  Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>;

/** CONNACK return codes, MQTT 3.1.1 section 3.2.2.3. */
const IDENTIFIER_REJECTED = 2;
const BAD_USERNAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** The connections that logged in as the control user. */
export class ControlConnections {
  readonly #connections = new Set<Client>();

  add(connection: Client): void {
    this.#connections.add(connection);
    connection.conn.once('close', () => this.#connections.delete(connection));
  }

  has(connection: Client): boolean {
    return this.#connections.has(connection);
  }

  hasId(clientId: string): boolean {
    return [...this.#connections].some(({ id }) => id === clientId);
  }
}

/** What access is decided by. */
export interface AccessRules {
  readonly login: ControlLogin;
  readonly controlConnections: ControlConnections;
  readonly bans: BanList;
  readonly clients: ClientTable;
  readonly reasons: DisconnectReasons;
  readonly subscriptionLimit: SubscriptionLimit;
}

/**
 * Who may do what, as aedes hooks. Anybody who is not banned may connect as a device, with or without a user name; only a
 * connection that logged in as the control user may publish to `$CONTROL/#`, and a reply goes to nobody but the connection
 * that asked. A device that publishes there (or to the broker's own `$SYS/#`) is disconnected, the only refusal that
 * MQTT 3.1.1 has.
 */
export function accessHooks(rules: AccessRules): AccessHooks {
  const { login, controlConnections, bans, clients, reasons, subscriptionLimit } = rules;

  const admit = (client: Client, done: (error: null, success: true) => void): void => {
    const before = clients.get(client.id)?.connection;
    // aedes disconnects it right before it registers the new one.
    if (before !== undefined) reasons.note(before, 'taken-over', client.clean);
    done(null, true);
  };

  return {
    authenticate: (client, username, password, done) => {
      switch (login.check(username, password)) {
        case 'none':
          void bans
            .keepsOut(client, { clientid: client.id, username, address: addressOf(client) })
            .then((isBanned) => {
              if (isBanned) done(refusal(NOT_AUTHORIZED), false);
              // The same client id would take the control connection over (MQTT 3.1.1 section 3.1.4).
              else if (controlConnections.hasId(client.id)) done(refusal(IDENTIFIER_REJECTED), false);
              else admit(client, done);
            });
          return;
        case 'refused':
          done(refusal(BAD_USERNAME_OR_PASSWORD), false);
          return;
        case 'accepted':
          controlConnections.add(client);
          // From here on its id is refused to devices; one that was let in just before has registered a turn later, and
          // is then the one that is taken over.
          setImmediate(() => admit(client, done));
      }
    },

    authorizePublish: (client, { topic }, done) => {
      const isAllowed =
        isTopicName(topic) &&
        !topic.startsWith('$SYS/') &&
        (!isControlTopic(topic) || (client !== null && controlConnections.has(client)));
      if (!isAllowed && client !== null) reasons.note(client, 'other');
      // Messages of one network read are published one per turn: aedes takes a message that is overtaken by a later one
      // for a duplicate and drops it, and storing a retained message takes longer than passing on another one.
      setImmediate(() => done(isAllowed ? null : new Error(`publishing to ${topic} is not allowed`)));
    },

    authorizeSubscribe: (client, subscription, done) => {
      done(null, subscriptionLimit.grant(client, subscription) ? subscription : null);
    },

    authorizeForward: (client, packet) => {
      if (client.conn.writableLength > LIMITS.unreadBytes) {
        reasons.note(client, 'other');
        client.conn.destroy();
        return null;
      }
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
