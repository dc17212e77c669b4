import { BASE } from './settings.js';

/**
 * An address of the console: `/console/projects/{project}/{page}?query`, or `/console/{page}?query` for the pages over
 * all projects.
 */
export interface Address {
  readonly project: string | undefined;
  /** The page's path, such as `clients`; empty for the start. */
  readonly page: string;
  readonly query: URLSearchParams;
}

/** Reads an address; what it does not know is the start page. */
export function parseAddress(href: string): Address {
  const url = new URL(href);
  const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : '';
  const parts = path.split('/').filter((part) => part !== '');
  const query = url.searchParams;
  if (parts[0] === 'projects') return { project: decoded(parts[1]), page: parts[2] ?? '', query };
  return { project: undefined, page: parts[0] ?? '', query };
}

/** Writes it. */
export function hrefOf({ project, page, query }: Partial<Address>): string {
  const place = project === undefined ? '' : `projects/${encodeURIComponent(project)}/`;
  const search = query?.toString() ?? '';
  return `${BASE}${place}${page ?? ''}${search === '' ? '' : `?${search}`}`;
}

/** A client in the query (`open=demo/embedded/sensor-1`): ids of projects and brokers hold no slash, client ids may. */
export interface ClientRef {
  readonly project: string;
  readonly broker: string;
  readonly clientid: string;
}

export function writeClientRef({ project, broker, clientid }: ClientRef): string {
  return `${project}/${broker}/${clientid}`;
}

export function readClientRef(text: string | undefined): ClientRef | undefined {
  const [, project, broker, clientid] = /^([^/]+)\/([^/]+)\/(.+)$/su.exec(text ?? '') ?? [];
  return project === undefined || broker === undefined || clientid === undefined
    ? undefined
    : { project, broker, clientid };
}

function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
