import type { ActionTaken, ServiceEvent } from '@mqtt-client-control/client';
import type { StatusKind } from '../../components/status.js';

/** The kinds of events, as the filter names them. */
export const KINDS: readonly { readonly type: ServiceEvent['type']; readonly title: string }[] = [
  { type: 'client.connected', title: 'came' },
  { type: 'client.disconnected', title: 'went' },
  { type: 'control', title: 'acted' },
  { type: 'ban', title: 'ban' },
  { type: 'broker', title: 'broker' },
  { type: 'gap', title: 'gap' },
];

const WENT: Readonly<Record<string, string>> = {
  client: 'it said goodbye',
  lost: 'its connection was lost',
  keepalive: 'it was silent for too long',
  'taken-over': 'another connection took its id',
  kicked: 'it was disconnected',
  banned: 'it is banned',
  other: 'the broker ended it',
};

/** What happened: in one word with a shape, and in a sentence. */
export function wordsOfEvent(event: ServiceEvent): { kind: StatusKind; word: string; sentence: string } {
  switch (event.type) {
    case 'client.connected': {
      const { username, address, protocolVersion } = event;
      const facts = [
        address === undefined ? '' : `from ${address}`,
        username === undefined || username === '<anonymous>' ? '' : `as ${username}`,
        protocolVersion === undefined ? '' : `MQTT ${protocolVersion.replace(/^v/, '')}`,
      ];
      return { kind: 'ok', word: 'came', sentence: joined(facts) };
    }
    case 'client.disconnected': {
      const { reason, sessionStays } = event;
      const session =
        sessionStays === undefined ? '' : sessionStays ? 'its session stays' : 'its session is gone';
      return { kind: 'off', word: 'went', sentence: joined([WENT[reason ?? ''] ?? '', session]) };
    }
    case 'control':
    case 'ban':
      return {
        kind: event.outcome === 'OK' ? 'ok' : 'bad',
        word: event.type === 'ban' ? 'ban' : 'acted',
        sentence: sentenceOfAction(event),
      };
    case 'broker': {
      const isWell = event.state === 'connected';
      const because = event.lastError === null ? '' : `: ${event.lastError}`;
      return { kind: isWell ? 'ok' : 'bad', word: 'broker', sentence: `${event.state}${because}` };
    }
    case 'gap': {
      const many =
        event.missed === null ? 'Events' : event.missed === 1 ? '1 event' : `${event.missed} events`;
      const why = event.why === undefined ? '' : `: ${event.why}`;
      return { kind: 'busy', word: 'gap', sentence: `${many} missed${why}` };
    }
  }
}

function sentenceOfAction(event: ActionTaken): string {
  const { action, topic, outcome, outcomeDetail, caller, reason, details } = event;
  const about = [details?.as, details?.who].filter((part) => typeof part === 'string').join(' ');
  const ended =
    outcome === 'OK' ? '' : `: ${outcome}${outcomeDetail === undefined ? '' : `, ${outcomeDetail}`}`;
  return joined([
    `${action}${about === '' ? '' : ` ${about}`}${topic === undefined ? '' : ` ${topic}`}${ended}`,
    countsOf(details),
    caller === undefined ? '' : `by ${caller}`,
    reason === undefined ? '' : `“${reason}”`,
  ]);
}

/** Of a call for many: how its items ended. */
function countsOf(details: Readonly<Record<string, unknown>> | undefined): string {
  const summary = details?.summary;
  if (typeof summary !== 'object' || summary === null) return '';
  const counts = summary as Readonly<Record<string, unknown>>;
  return [
    ['done', 'done'],
    ['failed', 'failed'],
    ['notSent', 'not sent'],
    ['unknown', 'unknown'],
  ]
    .filter(([key = '']) => typeof counts[key] === 'number' && counts[key] > 0)
    .map(([key = '', words = '']) => `${String(counts[key])} ${words}`)
    .join(', ');
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');
