import { computed, effect, signal } from '@preact/signals';
import { api, type CallerInfo, type ProjectInfo } from './api.js';
import { address, navigate } from './router.js';
import { token } from './session.js';

export const ROLES = ['viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who is signed in; undefined while that is not known. */
export const caller = signal<CallerInfo | undefined>(undefined);

/** The projects that the caller may see; undefined while that is not known. */
export const projects = signal<readonly ProjectInfo[] | undefined>(undefined);

/** Why caller and projects could not be read. */
export const callerError = signal<unknown>(undefined);

/** The role on the project that is looked at, or on a broker of it. */
export function roleOn(project: string | undefined, broker?: string): Role | undefined {
  const held = (caller.value?.grants ?? [])
    .filter((grant) => project === undefined || grant.project === '*' || grant.project === project)
    .filter((grant) => broker === undefined || grant.brokers === undefined || grant.brokers.includes(broker))
    .map((grant) => ROLES.indexOf(grant.role));
  return held.length === 0 ? undefined : ROLES[Math.max(...held)];
}

/** Whether the caller holds a role, or one above it, on a project (or on a broker of it). */
export function may(role: Role, project: string | undefined, broker?: string): boolean {
  const held = roleOn(project, broker);
  return held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(role);
}

/** The name of the project that is looked at. */
export const projectName = computed(() => {
  const id = address.value.project;
  return projects.value?.find((each) => each.id === id)?.name ?? id;
});

/** Reads caller and projects anew. */
export async function readCaller(): Promise<void> {
  const asked = token.value;
  try {
    const [{ data: who }, { data: all }] = await Promise.all([api.getCaller(), api.listProjects()]);
    if (token.value !== asked) return;
    caller.value = who;
    projects.value = all;
    callerError.value = undefined;
    const first = all[0];
    if (address.value.project === undefined && address.value.page === '' && first !== undefined) {
      navigate({ project: first.id, page: 'brokers' }, { replace: true });
    }
  } catch (error) {
    if (token.value === asked) callerError.value = error;
  }
}

effect(() => {
  if (token.value === undefined) {
    caller.value = undefined;
    projects.value = undefined;
    callerError.value = undefined;
  } else {
    void readCaller();
  }
});
