import { once } from 'node:events';
import { createServer } from 'node:net';
import type { HttpConfig } from '../config/config.js';
import type { Issue } from '../errors/issue.js';
import { systemErrorCode } from '../errors/system-error-code.js';

/** Why a start could not listen as a new configuration says, while one runs on another address or port; empty if it could. */
export async function listenIssues(next: HttpConfig, running: HttpConfig): Promise<Issue[]> {
  const { host, port } = next;
  if (host === running.host && port === running.port) return [];
  // Our own port is taken by ourselves.
  const issue = await listenProblem({ host, port: port === running.port ? 0 : port });
  return issue === undefined ? [] : [issue];
}

/** Why nobody can listen there now; undefined if somebody can. */
export async function listenProblem({
  host,
  port,
}: Pick<HttpConfig, 'host' | 'port'>): Promise<Issue | undefined> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return listenIssue(error, host, port);
  } finally {
    server.close();
  }
}

/** What kept a server from listening, at the key that it is about. */
export function listenIssue(error: unknown, host: string, port: number): Issue {
  const code = systemErrorCode(error) ?? 'unknown error';
  switch (code) {
    case 'EADDRINUSE':
      return {
        path: 'http.port',
        message: `the port ${port} on ${host} is taken; set PORT to another one (0 picks a free one)`,
      };
    case 'EACCES':
      return { path: 'http.port', message: `this user may not listen on port ${port} (EACCES)` };
    default:
      return {
        path: 'http.host',
        message: `cannot be listened on: it is no address of this machine (${code})`,
      };
  }
}
