import { describe, expect, it } from '@jest/globals';
import { decodeMessage, encodeCommands, encodeRequest, type ControlCommand } from './control-protocol.js';

const decode = (message: unknown): ReturnType<typeof decodeMessage> =>
  decodeMessage(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));

const commands: readonly ControlCommand[] = [
  { command: 'disconnectClient', clientid: 'ä"\\' },
  { command: 'unsubscribeClient', clientid: 'b', topic: 't' },
  { command: 'disconnectClient', clientid: 'ü'.repeat(50) },
];
const idOf = (place: number): string => `x.${place}`;
const sizeOf = (count: number): number =>
  encodeCommands(commands.slice(0, count), idOf, Number.POSITIVE_INFINITY).bytes;

describe('encodeCommands', () => {
  it('makes one JSON message of several commands, each with its id', () => {
    const { encoded, bytes } = encodeCommands(commands, idOf, 100_000);
    expect(JSON.parse(encodeRequest([encoded]))).toEqual({
      commands: commands.map((command, place) => ({ ...command, correlationData: `x.${place}` })),
    });
    expect(bytes).toBe(Buffer.byteLength(encoded));
  });

  it('makes one message of texts that hold one or several commands', () => {
    const texts = commands.map((command, place) => encodeCommands([command], () => `x.${place}`, 1).encoded);
    const [first = '', ...more] = texts;
    expect(encodeRequest([first, more.join(',')])).toBe(
      encodeRequest([encodeCommands(commands, idOf, 100_000).encoded]),
    );
  });

  it.each([
    [3, sizeOf(3)],
    [2, sizeOf(3) - 1],
    [2, sizeOf(2)],
    [1, sizeOf(2) - 1],
    [1, sizeOf(1)],
    [1, 1],
  ])('takes %d commands where %d bytes may be sent', (count, maxBytes) => {
    const taken = encodeCommands(commands, idOf, maxBytes);
    expect(taken.commands).toEqual(commands.slice(0, count));
    expect(taken.bytes).toBe(sizeOf(count));
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
