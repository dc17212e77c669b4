import type { ComponentType } from 'preact';
import type { Address } from './address.js';
import type { Role } from './caller.js';
import type { IconName } from './components/icon.js';
import { BrokersPage } from './pages/brokers/brokers-page.js';
import { CallPage } from './pages/call/call-page.js';
import { ClientsPage } from './pages/clients/clients-page.js';
import { AuditPage } from './pages/audit/audit-page.js';
import { BansPage } from './pages/bans/bans-page.js';
import { EventsPage } from './pages/events/events-page.js';
import { StandingPage } from './pages/standing/standing-page.js';
import { FindPage } from './pages/find/find-page.js';

export interface PageProps {
  /** The project that is looked at; empty on a page over all projects. */
  readonly project: string;
}

/** A page of the console. */
export interface Page {
  /** Its place in the address: `/console/projects/{project}/{path}`. */
  readonly path: string;
  readonly title: string;
  readonly scope: 'project' | 'everywhere';
  /** The least role that may look at it. */
  readonly role: Role;
  /** Its drawing in the navigation; without one it is not in there. */
  readonly icon?: IconName;
  readonly component: ComponentType<PageProps>;
}

/** All pages, in the order of the navigation. */
export const PAGES: readonly Page[] = [
  {
    path: 'brokers',
    title: 'Brokers',
    scope: 'project',
    role: 'viewer',
    icon: 'brokers',
    component: BrokersPage,
  },
  {
    path: 'clients',
    title: 'Clients',
    scope: 'project',
    role: 'viewer',
    icon: 'clients',
    component: ClientsPage,
  },
  { path: 'bans', title: 'Bans', scope: 'project', role: 'viewer', icon: 'bans', component: BansPage },
  {
    path: 'standing',
    title: 'Standing subs',
    scope: 'project',
    role: 'viewer',
    icon: 'standing',
    component: StandingPage,
  },
  { path: 'audit', title: 'Audit', scope: 'project', role: 'admin', icon: 'audit', component: AuditPage },
  {
    path: 'events',
    title: 'Events',
    scope: 'project',
    role: 'viewer',
    icon: 'events',
    component: EventsPage,
  },
  { path: 'call', title: 'A call', scope: 'project', role: 'viewer', component: CallPage },
  { path: 'find', title: 'Find', scope: 'everywhere', role: 'viewer', component: FindPage },
];

/** The page at an address. */
export function pageAt({ page, project }: Address): Page | undefined {
  return PAGES.find(({ path, scope }) => path === page && (scope === 'everywhere' || project !== undefined));
}
