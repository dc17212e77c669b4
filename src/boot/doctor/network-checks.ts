import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { BrokerConfig } from '../../config/config.js';
import { systemErrorCode } from '../../errors/system-error-code.js';

/** What one look found. */
export interface Finding {
  readonly what: string;
  /** `warn`: works, but not for long or not all of it. */
  readonly result: 'ok' | 'warn' | 'fail';
  /** What was found and, if it is not well, what to do. */
  readonly words: string;
}

/** Fewer days left of a certificate are worth a warning. */
const FEW_DAYS = 14;
const DAY_MS = 86_400_000;
const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 };

/** Looks at the way to a broker: its name, its port, its certificate. Stops at the first thing that fails. */
export async function checkNetwork({ url, tls, connectTimeoutMs }: BrokerConfig): Promise<Finding[]> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const target = { host, port: port === '' ? (PORTS[protocol] ?? 1883) : Number(port) };
  const findings = [await checkName(host)];
  if (findings[0]?.result === 'ok') findings.push(await checkPort(target, connectTimeoutMs));
  const isSecure = protocol === 'mqtts:' || protocol === 'wss:';
  if (isSecure && findings[1]?.result === 'ok') findings.push(await checkTls(target, tls, connectTimeoutMs));
  return findings;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

async function checkName(host: string): Promise<Finding> {
  try {
    const addresses = await lookup(host, { all: true });
    return {
      what: 'name',
      result: 'ok',
      words: `${host} is ${addresses.map(({ address }) => address).join(', ')}`,
    };
  } catch (error) {
    const words = `${host} is not known here (${codeOf(error)}): is it written right, and does this machine's DNS know it?`;
    return { what: 'name', result: 'fail', words };
  }
}

async function checkPort(target: Target, timeoutMs: number): Promise<Finding> {
  const socket = connect(target);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return { what: 'TCP', result: 'ok', words: `port ${target.port} answers` };
  } catch (error) {
    const code = codeOf(error);
    const advice =
      code === 'ECONNREFUSED'
        ? 'does the broker run, and listen on this address and port?'
        : 'is there a firewall or no route on the way?';
    return { what: 'TCP', result: 'fail', words: `port ${target.port} does not answer (${code}): ${advice}` };
  } finally {
    socket.destroy();
  }
}

async function checkTls(target: Target, tls: BrokerConfig['tls'], timeoutMs: number): Promise<Finding> {
  const servername = tls?.servername ?? target.host;
  const { ca, cert, key } = tls ?? {};
  const socket = connectTls({
    ...target,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert, key }),
    // An address is no server name; the certificate is compared with it all the same.
    ...(/^[\d.]+$|:/.test(servername) ? {} : { servername }),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return judge(socket, tls?.rejectUnauthorized ?? true);
  } catch (error) {
    const words = `no TLS connection (${codeOf(error)}): is this port one for TLS, and does the broker ask for a client certificate?`;
    return { what: 'TLS', result: 'fail', words };
  } finally {
    socket.destroy();
  }
}

function judge(socket: TLSSocket, mustBeTrusted: boolean): Finding {
  const { valid_to: end } = socket.getPeerCertificate();
  const days = Math.floor((Date.parse(end) - Date.now()) / DAY_MS);
  const left = `${socket.getProtocol() ?? 'TLS'}, certificate until ${new Date(end).toISOString()}, ${days} days left`;
  if (!socket.authorized && mustBeTrusted) {
    const code = String(socket.authorizationError);
    return { what: 'TLS', result: 'fail', words: `${left}; not trusted (${code}): ${adviceFor(code)}` };
  }
  if (!socket.authorized)
    return {
      what: 'TLS',
      result: 'warn',
      words: `${left}; rejectUnauthorized is false: anybody can pretend to be this broker`,
    };
  return days < FEW_DAYS
    ? { what: 'TLS', result: 'warn', words: `${left}: renew it` }
    : { what: 'TLS', result: 'ok', words: left };
}

function adviceFor(code: string): string {
  if (code.includes('ALTNAME')) return 'set tls.servername to a name that is in the certificate';
  if (code.includes('EXPIRED')) return 'renew it';
  return 'set tls.ca to the certificate authority that signed it';
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'timeout';
  return systemErrorCode(error) ?? (error instanceof Error ? error.message : String(error));
}
