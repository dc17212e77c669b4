import type { ServiceEvent } from '@mqtt-client-control/client';
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { tellRuns } from './acting/runs.js';
import { api } from './api.js';
import { caller, may } from './caller.js';
import { project } from './router.js';

/** Whether the events of the project arrive. */
export type LiveState = 'live' | 'connecting' | 'off';

export const liveState = signal<LiveState>('off');

/** Brokers of the project that tell who comes and goes. */
export const tellsOfClients = signal<ReadonlySet<string>>(new Set());

const listeners = new Set<(event: ServiceEvent) => void>();

/** Calls back for each event of the project that is looked at, for good. */
export function onEvent(listener: (event: ServiceEvent) => void): void {
  listeners.add(listener);
}

/** Calls back for each event of the project while a component is there. */
export function useEvents(onEvent: (event: ServiceEvent) => void): void {
  const ref = useRef(onEvent);
  ref.current = onEvent;
  useEffect(() => {
    const listener = (event: ServiceEvent): void => ref.current(event);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
}

function tell(event: ServiceEvent): void {
  if (event.type === 'broker' && event.clientEvents !== undefined) {
    const others = [...tellsOfClients.peek()].filter((id) => id !== event.broker);
    tellsOfClients.value = new Set(event.clientEvents ? [...others, event.broker] : others);
  }
  tellRuns(event);
  for (const listener of listeners) listener(event);
}

/** One stream for the whole page: of the project that is looked at, as whoever is signed in. */
async function listen(projectId: string, stop: AbortSignal): Promise<void> {
  const onState = ({ state }: { state: string }): void => {
    if (!stop.aborted) liveState.value = state === 'open' ? 'live' : 'connecting';
  };
  try {
    for await (const event of api.events({ projectId }, { signal: stop, onState })) tell(event);
  } catch {
    // Refused for good: the token, which the shell asks for anew, or a project that is gone, which the page says.
    if (!stop.aborted) liveState.value = 'off';
  }
}

effect(() => {
  const projectId = project.value;
  tellsOfClients.value = new Set();
  if (caller.value === undefined || projectId === undefined || !may('viewer', projectId)) {
    liveState.value = 'off';
    return;
  }
  const controller = new AbortController();
  void listen(projectId, controller.signal);
  return () => controller.abort();
});
