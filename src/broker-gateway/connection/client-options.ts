import type { IClientOptions } from 'mqtt';
import type { BrokerConfig } from '../../config/config.js';

/**
 * The MQTT client's options for one attempt to connect. They are made afresh each time, because mqtt.js changes them.
 *
 * The url is taken apart here: mqtt.js would take a `clientId` out of its query, and puts IPv6 addresses into WebSocket
 * urls without their brackets.
 */
export function clientOptions(config: BrokerConfig, clientId: string): IClientOptions {
  const { ca, cert, key, rejectUnauthorized = true, servername } = config.tls ?? {};
  return {
    ...addressOf(config.url),
    clientId,
    protocolVersion: config.protocolVersion,
    clean: true,
    keepalive: config.keepaliveSeconds,
    // Pings go out on time even while commands do: a half-open connection is found under load, too.
    reschedulePings: false,
    connectTimeout: config.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    rejectUnauthorized,
    ...(config.username !== undefined && { username: config.username }),
    ...(config.password !== undefined && { password: config.password }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // mqtt.js hands wsOptions to ws, which passes TLS options on.
    ...(servername !== undefined && { servername, wsOptions: { servername } as object }),
  };
}

/** Protocol, host, port and, for WebSockets, path and query of a url. */
export function addressOf(url: string): Pick<IClientOptions, 'protocol' | 'hostname' | 'port' | 'path'> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const scheme = protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const isWebSocket = scheme === 'ws' || scheme === 'wss';
  return {
    protocol: scheme,
    // A socket takes an IPv6 address without the brackets that a url needs.
    hostname: isWebSocket ? hostname : hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && { port: Number(port) }),
    ...(isWebSocket && { path: `${pathname === '' ? '/' : pathname}${search}` }),
  };
}
