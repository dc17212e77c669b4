import { describe, expect, it } from '@jest/globals';
import type { Client } from 'aedes';
import { CommandError } from '../clients/command-error.js';
import { ControlEndpoint, type CommandRequest } from './control-endpoint.js';

const ASKER = {} as Client;
const COMMANDS = {
  succeed: () => '{"a":1}',
  fail: () => {
    throw new CommandError('CLIENT_NOT_FOUND', 'No luck', { field: 'x' });
  },
  crash: () => {
    throw new TypeError('secret detail');
  },
};
const endpoint = new ControlEndpoint(COMMANDS, undefined);

async function answer(request: unknown): Promise<unknown> {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  return JSON.parse(await endpoint.answer(Buffer.from(text), ASKER));
}

describe('a control endpoint', () => {
  it.each([
    '',
    'no json',
    '{"commands":[}',
    '\ufeff{}',
    '['.repeat(200_000),
    Buffer.from([0xff, 0xfe]).toString('latin1'),
  ])('says that %.20j is no JSON', async (payload) => {
    expect(await answer(payload)).toEqual({
      responses: [{ command: 'Unknown command', error: 'Payload not valid JSON' }],
    });
  });

  it.each([
    'null',
    '[]',
    '1',
    '"x"',
    '{}',
    '{"commands":{}}',
    '{"__proto__":{"commands":[]}}',
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
  ])('says that %.40s has no commands', async (payload) => {
    expect(await answer(payload)).toEqual({
      responses: [{ command: 'Unknown command', error: 'Invalid/missing commands' }],
    });
  });

  it('answers each command of a batch with its own correlation data, whatever the others are', async () => {
    const commands = [
      { command: 'succeed', correlationData: '1' },
      'no object',
      null,
      { correlationData: '4' },
      { command: 'succeed', correlationData: 5 },
      { command: 'unheard of', correlationData: '6' },
      { command: 'fail', correlationData: '7' },
      { command: 'crash', correlationData: '8' },
      { command: 'succeed' },
      { command: 'succeed', correlationData: '10\ud800"' },
    ];
    expect(await answer({ commands })).toEqual({
      responses: [
        { command: 'succeed', data: { a: 1 }, correlationData: '1' },
        { command: 'Unknown command', error: 'Command not an object' },
        { command: 'Unknown command', error: 'Command not an object' },
        { command: 'Unknown command', error: 'Missing command', correlationData: '4' },
        { command: 'succeed', error: 'Invalid correlationData data type.' },
        { command: 'unheard of', error: 'Unknown command', correlationData: '6' },
        { command: 'fail', error: 'No luck', correlationData: '7' },
        { command: 'crash', error: 'Internal error', correlationData: '8' },
        { command: 'succeed', data: { a: 1 } },
        { command: 'succeed', data: { a: 1 }, correlationData: '10\ud800"' },
      ],
    });
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
    'knows no command %j',
    async (command) => {
      expect(await answer({ commands: [{ command }] })).toEqual({
        responses: [{ command, error: 'Unknown command' }],
      });
    },
  );

  it('answers an empty batch with no responses', async () => {
    expect(await answer({ commands: [] })).toEqual({ responses: [] });
  });

  it('lets others have their turn during a huge batch', async () => {
    let turns = 0;
    const counter = setInterval(() => (turns += 1));
    const commands = Array.from({ length: 50_000 }, () => ({ command: 'succeed' }));
    const { responses } = (await answer({ commands })) as { responses: unknown[] };
    clearInterval(counter);
    expect(responses).toHaveLength(50_000);
    expect(turns).toBeGreaterThan(0);
  });

  it('runs messages one after the other', async () => {
    const order: string[] = [];
    const commands = {
      slow: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('slow');
        return '{}';
      },
      quick: () => {
        order.push('quick');
        return '{}';
      },
    };
    const slow = new ControlEndpoint(commands, undefined);
    await Promise.all([
      slow.answer(Buffer.from('{"commands":[{"command":"slow"}]}'), ASKER),
      slow.answer(Buffer.from('{"commands":[{"command":"quick"}]}'), ASKER),
    ]);
    expect(order).toEqual(['slow', 'quick']);
  });

  it('adds codes for programs where the API has them, and passes on who asked', async () => {
    const asker = { id: 'asker' } as Client;
    const coded = new ControlEndpoint(
      { ...COMMANDS, who: (request: CommandRequest) => ({ id: request.asker.id }) },
      undefined,
      { hasCodes: true },
    );
    const commands = [
      { command: 'fail', correlationData: '1' },
      { command: 'x' },
      7,
      { command: 'crash' },
      { command: 'who' },
    ];
    expect(JSON.parse(await coded.answer(Buffer.from(JSON.stringify({ commands })), asker))).toEqual({
      responses: [
        {
          command: 'fail',
          error: 'No luck',
          code: 'CLIENT_NOT_FOUND',
          info: { field: 'x' },
          correlationData: '1',
        },
        { command: 'x', error: 'Unknown command', code: 'UNKNOWN_COMMAND' },
        { command: 'Unknown command', error: 'Command not an object', code: 'INVALID' },
        { command: 'crash', error: 'Internal error', code: 'INTERNAL' },
        { command: 'who', data: { id: 'asker' } },
      ],
    });
  });
});
