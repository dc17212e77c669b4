import type { ClientInfo } from '@mqtt-client-control/client';
import type { ComponentChildren } from 'preact';
import { Id } from '../../components/id.js';

/** What a client is, as far as its broker tells. */
export function ClientFacts({ client, broker }: { client: ClientInfo; broker: string }) {
  return (
    <dl class="facts">
      {factsOf(client, broker).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(client: ClientInfo, broker: string): readonly (readonly [string, ComponentChildren])[] {
  const { username, address, protocol, protocolVersion, keepalive, cleanSession, listener, will } = client;
  const version = protocolVersion?.replace(/^v/, 'MQTT ');
  const transport = protocol === 'MQTT-WS' ? 'over WebSocket' : undefined;
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['broker', broker],
    ['user name', username === '<anonymous>' ? <span class="muted">none</span> : username],
    ['address', address !== undefined && <Id value={address} />],
    ['protocol', [version, transport].filter(Boolean).join(' ')],
    ['listener', listener?.port !== undefined && `port ${listener.port}`],
    ['keep-alive', keepalive !== undefined && (keepalive === 0 ? 'off' : `${keepalive} s`)],
    ['session', cleanSession !== undefined && (cleanSession ? 'ends with the connection' : 'stays')],
    ['will', will !== undefined && <code>{willOf(will)}</code>],
    ['messages', countsOf(client)],
  ];
  return facts.filter(([, value]) => value !== undefined && value !== false && value !== '');
}

function willOf(will: object): string {
  const { topic, qos, retain } = will as { topic?: unknown; qos?: unknown; retain?: unknown };
  if (typeof topic !== 'string') return JSON.stringify(will);
  return `${topic}${typeof qos === 'number' ? `, QoS ${qos}` : ''}${retain === true ? ', retained' : ''}`;
}

function countsOf({ numPublished, numSubscribed, numDropped }: ClientInfo): string {
  return [
    numPublished !== undefined && `${numPublished} from it`,
    numSubscribed !== undefined && `${numSubscribed} to it`,
    numDropped !== undefined && numDropped > 0 && `${numDropped} dropped`,
  ]
    .filter(Boolean)
    .join(', ');
}
