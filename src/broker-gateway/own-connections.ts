import { randomBytes, X509Certificate } from 'node:crypto';
import type { BrokerConfig } from '../config/config.js';
import type { ConfiguredBroker } from './configured-broker.js';

/** What every client id of this service ends with: a mark, and 96 random bits. */
const SCHEME = /-mcc-[0-9a-f]{24}$/;

/** A client id for one attempt to connect; no other attempt, of whatever process, has the same. */
export function newClientId(prefix: string): string {
  return `${prefix}-mcc-${randomBytes(12).toString('hex')}`;
}

/**
 * Recognises the control connections of this service, so that nobody disconnects them through it.
 *
 * 1. By its scheme: an id that ends as {@link newClientId} makes it is a control connection of this process or of another
 *    replica, whatever its project, entry and prefix. Over the extension endpoint that is left to the broker, which refuses
 *    to touch whoever may command it: a device that imitates the scheme gains nothing there.
 * 2. By the ids of this process's own connections, whichever project and entry they belong to.
 * 3. By the id that the broker says it knows a connection by (`describe`, Assigned Client Identifier).
 * 4. On a broker that may rename clients after their user name or certificate (`use_username_as_clientid`): by the user
 *    name and the certificate's common name of every entry with the same host and port, until the broker has shown by
 *    which id it knows that connection.
 */
export class OwnConnections {
  readonly #ids = new Set<string>();
  readonly #byAddress = new Map<string, Set<ConfiguredBroker>>();
  /** By address: what {@link has} looks up instead of walking through all entries of the address for every command. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  readonly #addresses = new Map<ConfiguredBroker, string>();

  /** Makes the client id for the next attempt of a connection; the one before is forgotten. */
  renew(previous: string | undefined, prefix: string): string {
    if (previous !== undefined) this.#ids.delete(previous);
    const id = newClientId(prefix);
    this.#ids.add(id);
    return id;
  }

  /** A connection is gone for good. */
  forget(id: string | undefined): void {
    if (id !== undefined) this.#ids.delete(id);
  }

  /** A connection of a broker goes by another client id, or the broker has shown by which. */
  refresh(broker: ConfiguredBroker): void {
    this.#known.delete(this.#addresses.get(broker) ?? '');
  }

  /** A broker is configured, or configured otherwise than before. */
  put(broker: ConfiguredBroker): void {
    this.remove(broker);
    const address = new URL(broker.config.url).host;
    this.#addresses.set(broker, address);
    const brokers = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, brokers.add(broker));
    this.#known.delete(address);
  }

  /** A broker is no longer configured. */
  remove(broker: ConfiguredBroker): void {
    const address = this.#addresses.get(broker) ?? '';
    const brokers = this.#byAddress.get(address);
    this.#addresses.delete(broker);
    brokers?.delete(broker);
    this.#known.delete(address);
    if (brokers?.size === 0) this.#byAddress.delete(address);
  }

  /**
   * Whether a client id is that of a control connection of this service on a broker.
   *
   * @param isBrokerAsked whether the broker itself looks at who may command it
   */
  has(broker: ConfiguredBroker, clientid: string, isBrokerAsked: boolean): boolean {
    if (this.#ids.has(clientid)) return true;
    if (!isBrokerAsked && SCHEME.test(clientid)) return true;
    return this.#knownAt(this.#addresses.get(broker) ?? '').has(clientid);
  }

  #knownAt(address: string): ReadonlySet<string> {
    let known = this.#known.get(address);
    if (known === undefined) this.#known.set(address, (known = idsOf(this.#byAddress.get(address) ?? [])));
    return known;
  }
}

/** By which ids brokers with one address may know their connections. */
function idsOf(brokers: Iterable<ConfiguredBroker>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { clients, config } of brokers) {
    for (const { clientId, survey } of clients) {
      const confirmed = survey.confirmedClientId;
      if (clientId !== undefined) ids.add(clientId);
      for (const name of confirmed === undefined ? namesOf(config) : [confirmed]) ids.add(name);
    }
  }
  return ids;
}

const NAMES = new WeakMap<BrokerConfig, readonly string[]>();

/** What a broker may rename an entry's connection to. */
function namesOf(config: BrokerConfig): readonly string[] {
  let names = NAMES.get(config);
  if (names === undefined) {
    const commonName = config.tls?.cert === undefined ? undefined : commonNameOf(config.tls.cert);
    names = [config.username, commonName].filter((name) => name !== undefined);
    NAMES.set(config, names);
  }
  return names;
}

function commonNameOf(pem: string): string | undefined {
  try {
    return /^CN=(.+)$/m.exec(new X509Certificate(pem).subject)?.[1];
  } catch {
    return undefined;
  }
}
