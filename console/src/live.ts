import { signal } from '@preact/signals';

/** Whether the events of the project arrive. */
export type LiveState = 'live' | 'connecting' | 'off';

export const liveState = signal<LiveState>('off');
