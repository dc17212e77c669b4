import type { FoundClientInfo, NotAnsweredBroker, ServiceEvent } from '@mqtt-client-control/client';
import { batch, signal } from '@preact/signals';
import { api } from '../../api.js';
import { ClientRows, type Sorting } from './client-rows.js';
import { toQuery, type Filters } from './filters.js';

const FIELDS =
  'clientid,username,address,protocol,protocolVersion,connected,lastConnect,lastDisconnect,numSubscriptions,control';
/** How many a page holds; who has more narrows the list. */
export const MOST = 200_000;
const REDRAW_MS = 120;

/** The list of clients: read as a stream, kept up to date by events, and drawn again a few times a second at most. */
export class ClientsModel {
  readonly rows = new ClientRows();
  /** Changes whenever the rows did. */
  readonly version = signal(0);
  readonly state = signal<'reading' | 'read' | 'cut' | 'failed'>('reading');
  readonly error = signal<unknown>(undefined);
  readonly notAnswered = signal<readonly NotAnsweredBroker[]>([]);
  readonly #filters: Filters;
  readonly #projectId: string;
  /** Whether the rows are going to be drawn again anyway. */
  #isRedrawing = false;
  #sorting: Sorting | undefined;

  constructor(projectId: string, filters: Filters, sorting: Sorting | undefined) {
    this.#projectId = projectId;
    this.#filters = filters;
    this.#sorting = sorting;
  }

  /** The rows as of now; who reads them is drawn again when they change. */
  get drawn(): readonly FoundClientInfo[] {
    return this.version.value >= 0 ? this.rows.all : [];
  }

  /** Reads the list, once. */
  async read(stop: AbortSignal): Promise<void> {
    const { broker } = this.#filters;
    const where = { projectId: this.#projectId, ...(broker !== undefined && { brokerId: broker }) };
    const list = api.clients(where, { ...toQuery(this.#filters), fields: FIELDS }, stop);
    try {
      for await (const page of list.pages()) {
        this.rows.add(page);
        this.#changed();
        if (this.rows.all.length >= MOST) {
          this.#end('cut');
          return;
        }
      }
      this.#end('read', list.end?.notAnswered);
    } catch (error) {
      if (stop.aborted) return;
      this.error.value = error;
      this.#end('failed');
    }
  }

  apply(event: ServiceEvent): void {
    if (this.rows.apply(event, this.#filters, Date.now())) this.#changed();
  }

  sort(sorting: Sorting): void {
    this.#sorting = sorting;
    this.rows.sort(sorting);
    this.version.value += 1;
  }

  /** Sorts in what came since. */
  sortAgain(): void {
    if (this.#sorting !== undefined) this.sort(this.#sorting);
  }

  #end(state: 'read' | 'cut' | 'failed', notAnswered: readonly NotAnsweredBroker[] = []): void {
    batch(() => {
      this.notAnswered.value = notAnswered;
      this.state.value = state;
      this.version.value += 1;
      this.sortAgain();
    });
  }

  #changed(): void {
    if (this.#isRedrawing) return;
    this.#isRedrawing = true;
    setTimeout(() => {
      this.#isRedrawing = false;
      this.version.value += 1;
    }, REDRAW_MS);
  }
}
