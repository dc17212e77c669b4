import type { ServiceEvent } from '@mqtt-client-control/client';
import { effect, signal } from '@preact/signals';
import { liveState, onEvent } from './live.js';
import { project } from './router.js';

/** A line of the log: something that happened, or what became of the stream that tells it. */
export type LogLine =
  | { readonly key: number; readonly at: number; readonly event: ServiceEvent }
  | { readonly key: number; readonly at: number; readonly stream: 'lost' | 'back' };

/** Lines that are kept. */
const KEPT = 2000;
/** New lines are shown together, so that a storm of events does not draw the page at each of them. */
const TOGETHER_MS = 100;

/** What happened in the project since it is looked at, the newest first. */
export const eventLog = signal<readonly LogLine[]>([]);

let key = 0;
let fresh: LogLine[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function add(line: LogLine): void {
  fresh.push(line);
  if (fresh.length > KEPT) fresh.splice(0, fresh.length - KEPT);
  timer ??= setTimeout(flush, TOGETHER_MS);
}

function flush(): void {
  timer = undefined;
  eventLog.value = [...fresh.reverse(), ...eventLog.peek()].slice(0, KEPT);
  fresh = [];
}

onEvent((event) => add({ key: ++key, at: Date.parse(event.time), event }));

// Those of another project are no longer of interest.
project.subscribe(() => {
  fresh = [];
  eventLog.value = [];
});

let wasLive = false;
let isLost = false;
effect(() => {
  const isLive = liveState.value === 'live';
  if (wasLive && liveState.value === 'connecting') {
    isLost = true;
    add({ key: ++key, at: Date.now(), stream: 'lost' });
  } else if (isLost && isLive) {
    isLost = false;
    add({ key: ++key, at: Date.now(), stream: 'back' });
  }
  wasLive = isLive;
});
