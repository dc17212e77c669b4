import type { BrokerInfo } from '@mqtt-client-control/client';
import { effect, signal } from '@preact/signals';
import { api } from './api.js';
import { caller } from './caller.js';
import { project } from './router.js';

const EVERY_MS = 5000;
const KEPT = 24;

/** The brokers of the project that is looked at, kept up to date; undefined while they are not known. */
export const brokers = signal<readonly BrokerInfo[] | undefined>(undefined);

/** Why they could not be read; the last known ones stay. */
export const brokersError = signal<unknown>(undefined);

/** Commands a minute of each broker, the newest last. */
export const rates = signal<ReadonlyMap<string, readonly number[]>>(new Map());

let counted: { readonly at: number; readonly sent: ReadonlyMap<string, number> } | undefined;

function count(list: readonly BrokerInfo[]): void {
  const at = Date.now();
  const before = counted;
  counted = { at, sent: new Map(list.map(({ id, commandsSent }) => [id, commandsSent])) };
  if (before === undefined || at - before.at < 1000) {
    if (before !== undefined) counted = before;
    return;
  }
  rates.value = new Map(
    list.map(({ id, commandsSent }) => {
      const more = Math.max(0, commandsSent - (before.sent.get(id) ?? commandsSent));
      const rate = Math.round((more * 60_000) / (at - before.at));
      return [id, [...(rates.peek().get(id) ?? []), rate].slice(-KEPT)];
    }),
  );
}

/** Reads them anew; events of a broker ask for it, and a timer. */
export async function readBrokers(): Promise<void> {
  const projectId = project.peek();
  if (projectId === undefined || caller.peek() === undefined) return;
  try {
    const { data } = await api.listBrokers({ path: { projectId } });
    if (project.peek() !== projectId) return;
    brokers.value = data;
    brokersError.value = undefined;
    count(data);
  } catch (error) {
    if (project.peek() === projectId) brokersError.value = error;
  }
}

effect(() => {
  const isKnown = caller.value !== undefined && project.value !== undefined;
  brokers.value = undefined;
  brokersError.value = undefined;
  rates.value = new Map();
  counted = undefined;
  if (!isKnown) return;
  void readBrokers();
  const timer = setInterval(() => {
    if (!document.hidden) void readBrokers();
  }, EVERY_MS);
  return () => clearInterval(timer);
});
