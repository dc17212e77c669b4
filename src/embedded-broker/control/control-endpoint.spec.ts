import { describe, expect, it } from '@jest/globals';
import { CommandError } from './command-error.js';
import { ControlEndpoint } from './control-endpoint.js';

const endpoint = new ControlEndpoint({
  succeed: () => '{"a":1}',
  fail: () => {
    throw new CommandError('No luck');
  },
  crash: () => {
    throw new TypeError('secret detail');
  },
});

async function answer(request: unknown): Promise<unknown> {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  return JSON.parse(await endpoint.answer(Buffer.from(text)));
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
    const slow = new ControlEndpoint({
      slow: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('slow');
        return '{}';
      },
      quick: () => {
        order.push('quick');
        return '{}';
      },
    });
    await Promise.all([
      slow.answer(Buffer.from('{"commands":[{"command":"slow"}]}')),
      slow.answer(Buffer.from('{"commands":[{"command":"quick"}]}')),
    ]);
    expect(order).toEqual(['slow', 'quick']);
  });
});
