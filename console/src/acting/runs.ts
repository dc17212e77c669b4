import { signal } from '@preact/signals';
import type { ServiceEvent } from '@mqtt-client-control/client';
import { onSignOut } from '../session.js';
import type { Plan } from './lines.js';
import { Run } from './run.js';

/** What was begun in this tab, the newest first; kept until the tab is closed, or somebody signs out. */
export const runs = signal<readonly { readonly id: string; readonly run: Run }[]>([]);

/** How long after its end a run is told who came back. */
const WATCHED_MS = 60_000;

let count = 0;

/** Begins, and resolves with where to look at it. @throws what the call was refused with: nothing was done then */
export async function begin(plan: Plan, many: number): Promise<string> {
  count += 1;
  const local = `here-${count}`;
  const run = new Run(plan, many);
  runs.value = [{ id: local, run }, ...runs.value];
  try {
    await run.begun;
  } catch (error) {
    runs.value = runs.value.filter((each) => each.run !== run);
    throw error;
  }
  return run.requestIds[0] ?? local;
}

/** A run of this tab, by its local id or one of its ids in the audit trail. */
export function runAt(id: string): Run | undefined {
  const ids = id.split('.');
  return runs.value.find(
    (each) => each.id === id || each.run.requestIds.some((requestId) => ids.includes(requestId)),
  )?.run;
}

/** Tells the runs who came back. */
export function tellRuns(event: ServiceEvent): void {
  if (event.type !== 'client.connected') return;
  for (const { run } of runs.value) {
    const isWatched =
      run.plan.whom.projectId === event.project && Date.now() - (run.endedAt ?? Date.now()) < WATCHED_MS;
    if (isWatched) run.noteConnected(event, Date.parse(event.time));
  }
}

// The next one at this tab may be somebody else.
onSignOut(() => {
  for (const { run } of runs.value) if (run.state !== 'over') run.stop();
  runs.value = [];
});

// What was not sent yet is lost with the page: the browser asks whether that is meant.
window.addEventListener('beforeunload', (event) => {
  if (runs.value.some(({ run }) => run.state !== 'over')) event.preventDefault();
});
