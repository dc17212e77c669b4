import { describe, expect, it } from '@jest/globals';
import { decodeMessage, encodeCommand, encodeRequest } from './control-protocol.js';

const decode = (message: unknown): ReturnType<typeof decodeMessage> =>
  decodeMessage(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));

describe('encodeRequest', () => {
  it('makes one JSON message of several commands', () => {
    const commands = [
      encodeCommand({ command: 'disconnectClient', clientid: 'ä"\\' }, '1'),
      encodeCommand({ command: 'unsubscribeClient', clientid: 'b', topic: 't' }, '2'),
    ];
    expect(JSON.parse(encodeRequest(commands.map(({ encoded }) => encoded)))).toEqual({
      commands: [
        { command: 'disconnectClient', clientid: 'ä"\\', correlationData: '1' },
        { command: 'unsubscribeClient', clientid: 'b', topic: 't', correlationData: '2' },
      ],
    });
  });
});

describe('decodeMessage', () => {
  it('reads successes and errors', () => {
    const message = decode({
      responses: [
        { command: 'listClients', data: { clients: [] }, correlationData: '1' },
        { command: 'disconnectClient', error: 'Client not found', correlationData: '2' },
        { command: 'disconnectClient', correlationData: '3' },
        { command: 'Unknown', error: 'Invalid/missing commands' },
      ],
    });
    expect(message).toEqual({
      kind: 'replies',
      replies: [
        {
          correlationData: '1',
          command: 'listClients',
          result: { kind: 'success', data: { clients: [] } },
        },
        {
          correlationData: '2',
          command: 'disconnectClient',
          result: { kind: 'error', error: { text: 'Client not found' } },
        },
        { correlationData: '3', command: 'disconnectClient', result: { kind: 'success', data: {} } },
        {
          correlationData: undefined,
          command: 'Unknown',
          result: { kind: 'error', error: { text: 'Invalid/missing commands' } },
        },
      ],
    });
  });

  it('recognises a missing endpoint', () => {
    expect(decode({ error: 'endpoint not available' })).toEqual({ kind: 'endpoint-not-available' });
  });

  it.each([[{ data: [] }], [{ data: 'x' }], [{ data: null }], [{ error: 7 }], [{ error: null, data: {} }]])(
    'marks an entry that is neither success nor error as invalid: %j',
    (entry) => {
      const correlationData = '1';
      expect(decode({ responses: [{ ...entry, correlationData }] })).toEqual({
        kind: 'replies',
        replies: [{ correlationData, command: undefined, result: { kind: 'invalid' } }],
      });
    },
  );

  it.each([[null], ['text'], [7], [[]]])('marks an entry that is no object as invalid: %j', (entry) => {
    expect(decode({ responses: [entry] })).toEqual({
      kind: 'replies',
      replies: [{ correlationData: undefined, command: undefined, result: { kind: 'invalid' } }],
    });
  });

  it.each([
    [''],
    ['{'],
    ['null'],
    ['[]'],
    ['{}'],
    ['7'],
    ['{"responses":{}}'],
    ['{"error":"another"}'],
    ['\xff\xfe'],
  ])('calls %j malformed', (text) => {
    expect(decode(text)).toEqual({ kind: 'malformed' });
  });
});
