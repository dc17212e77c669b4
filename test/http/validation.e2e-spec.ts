import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { issuesOf } from '../support/expect-error.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';

let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  service = await TestService.start({ brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }] });
  await service.brokerState('b');
});

afterAll(async () => {
  await service.stop();
  await broker.stop();
});

/** Runs an operation as admin, sees that it succeeds, and returns the command that the broker got, without its correlation id. */
async function commandOf(action: string, body: object): Promise<object> {
  const answer = await service.control(action, body, { token: TOKENS.admin });
  const expected = action === 'disconnect' ? { status: 200, body: {} } : { status: 204, body: '' };
  expect(answer).toMatchObject(expected);
  const { correlationData, ...command } = broker.commands.at(-1) ?? { correlationData: undefined };
  expect(correlationData).toMatch(/^.{10,}$/);
  return command;
}

/** Sends a body that must be refused without the broker hearing of it, and returns the issues. */
async function refused(action: string, body: unknown): Promise<{ path: string; message: string }[]> {
  const before = broker.commands.length;
  const issues = issuesOf(await service.control(action, body, { token: TOKENS.admin }));
  expect(broker.commands).toHaveLength(before);
  return issues;
}

const OPERATIONS = ['disconnect', 'subscribe', 'unsubscribe'] as const;
const minimal = (action: string): object => ({
  clientid: 'x',
  ...(action !== 'disconnect' && { topic: 'a/b' }),
});
/** Puts a short name of its value before a row of a table. */
const named = <T, M>([value, message]: readonly [T, M]): [string, T, M] => [
  value === undefined ? 'undefined' : JSON.stringify(value).slice(0, 20),
  value,
  message,
];
const subscription = (more: object): object => ({ clientid: 'x', topic: 'a/b', ...more });

describe('what reaches the broker', () => {
  it('of disconnect is disconnectClient with the client id', async () => {
    expect(await commandOf('disconnect', { clientid: 'sensor-1' })).toEqual({
      command: 'disconnectClient',
      clientid: 'sensor-1',
    });
  });

  it('of subscribe is subscribeClient, QoS 0 if none is named, no options if none are set', async () => {
    expect(await commandOf('subscribe', { clientid: 'sensor-1', topic: 'a/#' })).toEqual({
      command: 'subscribeClient',
      clientid: 'sensor-1',
      topic: 'a/#',
      qos: 0,
    });
  });

  it('of unsubscribe is unsubscribeClient', async () => {
    expect(await commandOf('unsubscribe', { clientid: 'sensor-1', topic: 'a/#' })).toEqual({
      command: 'unsubscribeClient',
      clientid: 'sensor-1',
      topic: 'a/#',
    });
  });

  it.each([
    [{}, {}],
    [{ no_local: true }, { no_local: true }],
    [
      { no_local: false, retain_as_published: true },
      { no_local: false, retain_as_published: true },
    ],
    [{ send_retain: 'always' }, { send_retain: 'always' }],
    [{ send_retain: 'new' }, { send_retain: 'new' }],
    [{ send_retain: 'never' }, { send_retain: 'never' }],
    [{ send_retain: null }, {}],
    [{ send_retain: 'null' }, {}],
    [
      { no_local: true, retain_as_published: false, send_retain: 'null' },
      { no_local: true, retain_as_published: false },
    ],
  ])('of the options %j is %j', async (options, expected) => {
    expect(await commandOf('subscribe', subscription({ options }))).toMatchObject({ options: expected });
    expect(broker.commands.at(-1)?.options).toEqual(expected);
  });

  it.each([0, 1, 2])('keeps QoS %i', async (qos) => {
    expect(await commandOf('subscribe', subscription({ qos }))).toMatchObject({ qos });
  });

  it.each(['#', '+', '+/+/#', '/', 'a//b', ' ', '$SYS/#', '$share/g/a/+', 'ünï/🌡️', 'a"b\\c\n'])(
    'keeps the topic filter %j as it is',
    async (topic) => {
      expect(await commandOf('subscribe', { clientid: 'x', topic })).toMatchObject({ topic });
      expect(await commandOf('unsubscribe', { clientid: 'x', topic })).toMatchObject({ topic });
    },
  );

  it.each(['a', ' ', '/+#$', 'null', 'ünï/🌡️', 'a"b\\c\n', '{"clientid":"y"}', '__proto__'])(
    'keeps the client id %j as it is',
    async (clientid) => {
      for (const action of OPERATIONS) {
        expect(await commandOf(action, { ...minimal(action), clientid })).toMatchObject({ clientid });
      }
    },
  );

  it('keeps a client id and a topic filter of 65,535 bytes each', async () => {
    const longest = { clientid: '€'.repeat(21_845), topic: 'x'.repeat(65_535) };
    expect(await commandOf('subscribe', longest)).toMatchObject(longest);
  });
});

describe.each(OPERATIONS)('%s', (action) => {
  const wrong: [unknown, string][] = [
    [undefined, 'must be a string'],
    [null, 'must be a string'],
    [7, 'must be a string'],
    [true, 'must be a string'],
    [{}, 'must be a string'],
    [['x'], 'must be a string'],
    ['', 'must not be empty'],
    ['a\0', 'must not contain U+0000'],
    ['\ud800', 'must be well-formed Unicode (no lone surrogates)'],
    ['x'.repeat(65_536), 'must be at most 65535 bytes of UTF-8'],
    ['€'.repeat(21_846), 'must be at most 65535 bytes of UTF-8'],
  ];
  it.each(wrong.map(named))('refuses the client id %s', async (_name, clientid, message) => {
    expect(await refused(action, { ...minimal(action), clientid })).toEqual([{ path: 'clientid', message }]);
  });

  it('refuses unknown fields by name, all of them', async () => {
    const issues = await refused(action, { ...minimal(action), clientId: 'x', Topic: 'y', '': 1 });
    expect(issues.map(({ path }) => path).sort()).toEqual(['', 'Topic', 'clientId']);
    for (const { message } of issues) expect(message).toBe('is not a known field');
  });
});

describe.each(['subscribe', 'unsubscribe'])('%s', (action) => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /string/],
    [null, /string/],
    [7, /string/],
    [['a'], /string/],
    ['', /empty/],
    ['a\0', /U\+0000/],
    ['\udfff', /surrogate/],
    ['x'.repeat(65_536), /65535 bytes/],
    ['a/#/b', /last level/],
    ['a#', /# alone/],
    ['a+/b', /\+ alone/],
    ['$share', /group/],
    ['$share//a', /group/],
    ['$share/+/a', /group/],
    ['$share/g', /filter after/],
    ['$share/g/', /filter after/],
    ['$share/g/a#', /# alone/],
  ];
  it.each(wrong.map(named))('refuses the topic filter %s', async (_name, topic, message) => {
    const issues = await refused(action, { clientid: 'x', topic });
    expect(issues).toEqual([{ path: 'topic', message: expect.stringMatching(message) }]);
  });
});

describe('subscribe', () => {
  it.each([-1, 3, 0.5, '1', null, true, [1], {}])('refuses the QoS %j', async (qos) => {
    expect(await refused('subscribe', subscription({ qos }))).toEqual([
      { path: 'qos', message: 'must be 0, 1 or 2' },
    ]);
  });

  it.each([null, [], [{}], 'x', 1, true])('refuses the options %j', async (options) => {
    expect(await refused('subscribe', subscription({ options }))).toEqual([
      { path: 'options', message: 'must be an object' },
    ]);
  });

  it.each([
    ['no_local', [null, 'true', 0, {}], 'must be true or false'],
    ['retain_as_published', [null, 'false', 1, []], 'must be true or false'],
    ['send_retain', ['', 'Always', true, 0, {}, ['new']], 'must be "always", "new", "never", "null" or null'],
  ])('refuses wrong values of options.%s', async (field, values, message) => {
    for (const value of values) {
      expect(await refused('subscribe', subscription({ options: { [field]: value } }))).toEqual([
        { path: `options.${field}`, message },
      ]);
    }
  });

  it.each(['noLocal', 'toString', 'qos'])('refuses the unknown option %s by name', async (option) => {
    expect(await refused('subscribe', subscription({ options: { [option]: true } }))).toEqual([
      { path: `options.${option}`, message: 'is not a known field' },
    ]);
  });

  it('refuses no_local together with a shared subscription, and nothing less', async () => {
    const shared = { clientid: 'x', topic: '$share/g/a' };
    const issues = await refused('subscribe', { ...shared, options: { no_local: true } });
    expect(issues).toEqual([{ path: 'options', message: expect.stringMatching(/no_local.*shared/) }]);
    await commandOf('subscribe', { ...shared, options: { no_local: false } });
    await commandOf('subscribe', { clientid: 'x', topic: 'a', options: { no_local: true } });
  });

  it('reports everything that is wrong at once', async () => {
    const body = { topic: '#/a', qos: 9, options: { no_local: 1, send_retain: 'x', other: 1 }, more: 1 };
    const issues = await refused('subscribe', body);
    expect(issues.map(({ path }) => path).sort()).toEqual([
      'clientid',
      'more',
      'options.no_local',
      'options.other',
      'options.send_retain',
      'qos',
      'topic',
    ]);
  });

  it('never repeats a value in what it reports', async () => {
    const issues = await refused('subscribe', {
      clientid: { secret: 'hunter2' },
      topic: 'hunter2#',
      qos: 'hunter2',
    });
    expect(JSON.stringify(issues)).not.toContain('hunter2');
  });
});

describe('disconnect', () => {
  it('takes no topic', async () => {
    expect(await refused('disconnect', { clientid: 'x', topic: 'a' })).toEqual([
      { path: 'topic', message: 'is not a known field' },
    ]);
  });
});

describe('what a body may hold', () => {
  it('is 200 values at most; an answer lists 100 problems at most, and no name in full that goes on and on', async () => {
    const many = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
    const tooMany = issuesOf(await service.control('disconnect', many(201)));
    expect(tooMany).toEqual([{ path: '', message: 'the body holds more than 200 values' }]);
    const issues = issuesOf(await service.control('disconnect', { ...many(149), ['x'.repeat(1000)]: 1 }));
    expect(issues).toHaveLength(101);
    expect(issues.at(-1)?.message).toMatch(/^and \d+ more problems$/);
    const long = issuesOf(await service.control('disconnect', { ['x'.repeat(1000)]: 1 }));
    expect(long.map(({ path }) => path.length).sort((a, b) => a - b)).toEqual(['clientid'.length, 201]);
  });
});
