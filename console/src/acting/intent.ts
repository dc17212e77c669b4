import type { Action, Operation, Selection } from '@mqtt-client-control/client';

/** A client, where it is. */
export interface ClientOfBroker {
  readonly broker: string;
  readonly clientid: string;
}

/** Whom something is to be done to: clients one by one, or whoever matches. */
export type Whom =
  | { readonly kind: 'clients'; readonly projectId: string; readonly clients: readonly ClientOfBroker[] }
  | {
      readonly kind: 'matching';
      readonly projectId: string;
      readonly brokerId: string | undefined;
      readonly select: Selection;
      /** The filter in words. */
      readonly words: string;
    };

export type Qos = 0 | 1 | 2;

/** What is to be done, as the form has it. */
export type Intent =
  | {
      readonly kind: 'disconnect';
      readonly preventWillMessage: boolean;
      readonly cleanSession: boolean;
      /** Whether to look who comes back. */
      readonly watch: boolean;
    }
  | {
      readonly kind: 'subscribe';
      readonly topic: string;
      readonly qos: Qos;
      readonly noLocal: boolean;
      readonly retainAsPublished: boolean;
      readonly sendRetain: 'always' | 'new' | 'never' | 'null';
    }
  | { readonly kind: 'unsubscribe'; readonly topic: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string; readonly qos: Qos }
  | { readonly kind: 'ban'; readonly forMs: number | null; readonly disconnect: boolean };

export type IntentKind = Intent['kind'];

/** How a verb is written on a button, and after it was done. */
export const VERBS: Readonly<Record<IntentKind, { readonly now: string; readonly done: string }>> = {
  disconnect: { now: 'Disconnect', done: 'disconnected' },
  subscribe: { now: 'Subscribe', done: 'subscribed' },
  unsubscribe: { now: 'Unsubscribe', done: 'unsubscribed' },
  move: { now: 'Move', done: 'moved' },
  ban: { now: 'Ban', done: 'banned' },
};

export const BLANK: Readonly<{ [Kind in IntentKind]: Extract<Intent, { kind: Kind }> }> = {
  disconnect: { kind: 'disconnect', preventWillMessage: false, cleanSession: false, watch: true },
  subscribe: {
    kind: 'subscribe',
    topic: '',
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    sendRetain: 'null',
  },
  unsubscribe: { kind: 'unsubscribe', topic: '' },
  move: { kind: 'move', from: '', to: '', qos: 0 },
  ban: { kind: 'ban', forMs: 3_600_000, disconnect: true },
};

/** What the form still lacks. */
export function lacking(intent: Intent): string | undefined {
  switch (intent.kind) {
    case 'subscribe':
    case 'unsubscribe':
      return intent.topic === '' ? 'Say which topic.' : undefined;
    case 'move':
      if (intent.from === '' || intent.to === '') return 'Say from which topic to which.';
      return intent.from === intent.to ? 'Both topics are the same.' : undefined;
    case 'disconnect':
    case 'ban':
      return undefined;
  }
}

/** As the API takes it; defaults are left out. A move is two actions; a ban is none. */
export function actionsOf(intent: Intent): Action[] {
  switch (intent.kind) {
    case 'disconnect':
      return [
        {
          action: 'disconnect',
          ...(intent.preventWillMessage && { preventWillMessage: true }),
          ...(intent.cleanSession && { cleanSession: true }),
        },
      ];
    case 'subscribe': {
      const options = {
        ...(intent.noLocal && { no_local: true }),
        ...(intent.retainAsPublished && { retain_as_published: true }),
        ...(intent.sendRetain !== 'null' && { send_retain: intent.sendRetain }),
      };
      const hasOptions = Object.keys(options).length > 0;
      return [{ action: 'subscribe', topic: intent.topic, qos: intent.qos, ...(hasOptions && { options }) }];
    }
    case 'unsubscribe':
      return [{ action: 'unsubscribe', topic: intent.topic }];
    case 'move':
      return [
        { action: 'subscribe', topic: intent.to, qos: intent.qos },
        { action: 'unsubscribe', topic: intent.from },
      ];
    case 'ban':
      return [];
  }
}

const PLACEHOLDER = '${clientid}';

/** An action on one client of a list; the API fills in `${clientid}` for selections only. */
export function operationOn(action: Action, { broker, clientid }: ClientOfBroker): Operation {
  if (!('topic' in action) || !action.topic.includes(PLACEHOLDER)) return { ...action, broker, clientid };
  return { ...action, topic: action.topic.replaceAll(PLACEHOLDER, () => clientid), broker, clientid };
}

/** Clients whose ids must not be put into a topic: they would make it another one. */
export function unfitFor(intent: Intent, clients: readonly ClientOfBroker[]): readonly ClientOfBroker[] {
  const isFilled = actionsOf(intent).some(
    (action) => 'topic' in action && action.topic.includes(PLACEHOLDER),
  );
  return isFilled ? clients.filter(({ clientid }) => /[+#/]/.test(clientid)) : [];
}

/** `Disconnect 200 clients`. */
export function inOneLine(kind: IntentKind, count: number): string {
  return `${VERBS[kind].now} ${count.toLocaleString('en')} ${count === 1 ? 'client' : 'clients'}`;
}
