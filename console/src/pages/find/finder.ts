import type {
  ClientQuery,
  FoundClientInfo,
  NotAnsweredBroker,
  ServiceEvent,
} from '@mqtt-client-control/client';
import { batch, signal } from '@preact/signals';
import { writeClientRef } from '../../address.js';
import { api } from '../../api.js';
import { toldBy } from '../clients/client-rows.js';
import { questionsFor } from './questions.js';

const FIELDS =
  'clientid,username,address,protocol,protocolVersion,connected,lastConnect,lastDisconnect,control';
/** How many are listed; who finds more says more. */
const MOST = 1000;

/** Asks all brokers for a client by its id, user name and address, side by side; what comes first is listed first. */
export class Finder {
  readonly isAsking = signal(true);
  readonly isCut = signal(false);
  readonly error = signal<unknown>(undefined);
  readonly notAnswered = signal<readonly NotAnsweredBroker[]>([]);
  readonly #found = signal<readonly FoundClientInfo[]>([]);
  readonly #asked: string;
  readonly #keys = new Set<string>();

  constructor(asked: string) {
    this.#asked = asked;
  }

  get found(): readonly FoundClientInfo[] {
    return this.#found.value;
  }

  async find(stop: AbortSignal): Promise<void> {
    await Promise.all(questionsFor(this.#asked).map((question) => this.#ask(question, stop)));
    if (!stop.aborted) this.isAsking.value = false;
  }

  /** Brings a row up to date: nothing is listed as connected that has gone. */
  apply(event: ServiceEvent): void {
    if (event.type !== 'client.connected' && event.type !== 'client.disconnected') return;
    if (!this.#keys.has(writeClientRef(event))) return;
    this.#found.value = this.#found
      .peek()
      .map((client) =>
        writeClientRef(client) === writeClientRef(event) ? { ...client, ...toldBy(event) } : client,
      );
  }

  async #ask(question: ClientQuery, stop: AbortSignal): Promise<void> {
    const list = api.clients({}, { ...question, fields: FIELDS }, stop);
    try {
      for await (const page of list.pages()) {
        this.#add(page);
        if (this.#found.peek().length >= MOST) {
          this.isCut.value = true;
          return;
        }
      }
      this.#note(list.end?.notAnswered ?? []);
    } catch (error) {
      if (!stop.aborted) this.error.value = error;
    }
  }

  #add(clients: readonly FoundClientInfo[]): void {
    const fresh = clients.filter((client) => {
      const key = writeClientRef(client);
      if (this.#keys.has(key)) return false;
      this.#keys.add(key);
      return true;
    });
    if (fresh.length > 0) this.#found.value = [...this.#found.peek(), ...fresh].slice(0, MOST);
  }

  #note(notAnswered: readonly NotAnsweredBroker[]): void {
    const known = new Set(this.notAnswered.peek().map(({ project, broker }) => `${project}/${broker}`));
    const fresh = notAnswered.filter(({ project, broker }) => !known.has(`${project}/${broker}`));
    batch(() => {
      if (fresh.length > 0) this.notAnswered.value = [...this.notAnswered.peek(), ...fresh];
    });
  }
}
