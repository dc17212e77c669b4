import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { expectError, issuesOf } from '../../support/expect-error.js';
import { TOKENS, type Answer } from '../../support/test-service.js';
import { Fleet } from './fleet.js';

const PATH = '/api/projects/p/brokers/b/standing-subscriptions';

describe.each(CONTROL_BROKERS)('standing subscriptions on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
  }, 120_000);
  afterEach(async () => {
    await fleet.disconnectAll();
    const { body } = await fleet.service.get(PATH);
    for (const { name } of (body as { standingSubscriptions: { name: string }[] }).standingSubscriptions)
      await fleet.service.request('DELETE', `${PATH}/${name}`);
  });
  afterAll(() => fleet.stop());

  const put = (name: string, body: object, token: string = TOKENS.editor): Promise<Answer> =>
    fleet.service.request('PUT', `${PATH}/${name}`, { body, token });
  const subscriptionsOf = async (clientid: string): Promise<{ topic: string; by: string }[]> => {
    const path = `/api/projects/p/brokers/b/client-inspect/detail?clientid=${clientid}`;
    const { body } = await fleet.service.get(path);
    return (body as { subscriptions: { topic: string; by: string }[] }).subscriptions;
  };

  it('are given to those that are there, and to those that come', async () => {
    const [here, other, publisher] = [
      await fleet.connect('b', { clientId: 'gw-1' }),
      await fleet.connect('b', { clientId: 'other-1' }),
      await fleet.connect('b'),
    ];
    const body = { select: { clientid: 'gw-*' }, topic: 'cmd/${clientid}', qos: 1 };
    const answer = await put('commands', body);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: { clients: 1, skipped: 0, replaced: false },
    });
    const later = await fleet.connect('b', { clientId: 'gw-2' });
    await publisher.publish('cmd/gw-1', 'for one');
    await publisher.publish('cmd/gw-2', 'for two');
    expect((await here.message('for one')).qos).toBe(1);
    await later.message('for two');
    expect(other.messages).toEqual([]);
    expect(await subscriptionsOf('gw-2')).toMatchObject([{ topic: 'cmd/gw-2', by: 'standing' }]);
    const shown = await fleet.service.get(`${PATH}/commands`);
    expect(shown.body).toMatchObject({ name: 'commands', ...body, by: 'editor', clients: 2 });
    expect((await fleet.service.get(PATH)).body).toMatchObject({
      standingSubscriptions: [{ name: 'commands', clients: 2 }],
    });
  });

  it('with another topic take the old one away', async () => {
    await fleet.connect('b', { clientId: 'gw-1' });
    await put('commands', { select: { clientid: 'gw-*' }, topic: 'old/${clientid}' });
    const { body } = await put('commands', { select: { clientid: 'gw-*' }, topic: 'new/${clientid}' });
    expect(body).toMatchObject({ clients: 1, replaced: true });
    expect((await subscriptionsOf('gw-1')).map(({ topic }) => topic)).toEqual(['new/gw-1']);
  });

  it('end for those that come, and with unsubscribe for those that have it', async () => {
    await fleet.connect('b', { clientId: 'gw-1' });
    await put('commands', { select: { clientid: 'gw-*' }, topic: 'cmd' });
    const ended = await fleet.service.request('DELETE', `${PATH}/commands?unsubscribe=true`);
    expect(ended.status).toBe(204);
    expect(await subscriptionsOf('gw-1')).toEqual([]);
    expectError(await fleet.service.get(`${PATH}/commands`), 'STANDING_SUBSCRIPTION_NOT_FOUND');
    expectError(await fleet.service.request('DELETE', `${PATH}/commands`), 'STANDING_SUBSCRIPTION_NOT_FOUND');
  });

  it('pass by clients whose id would name another topic', async () => {
    await fleet.connect('b', { clientId: 'gw-a/b' });
    const { body } = await put('commands', { select: { clientid: 'gw-*' }, topic: 'cmd/${clientid}' });
    expect(body).toEqual({ clients: 0, skipped: 1, replaced: false });
  });

  it.each(['$SYS/#', '${clientid}/x', '$share/g/$SYS/#'])('to %s are for admins', async (topic) => {
    const body = { select: { clientid: 'gw-*' }, topic };
    expectError(await put('commands', body), 'NOT_ALLOWED');
  });

  it.each([
    [{}, ['select', 'topic']],
    [{ select: {}, topic: 't' }, ['select']],
    [{ select: { clientid: '' }, topic: 't' }, ['select.clientid']],
    [{ select: { who: 'x' }, topic: 't' }, ['select', 'select.who']],
    [{ select: { clientid: 'x' }, topic: '#/${clientid}' }, ['topic']],
    [{ select: { clientid: 'x' }, topic: 't', qos: 3 }, ['qos']],
    [{ select: { clientid: 'x' }, topic: 't', more: 1 }, ['more']],
  ])('refuse %j', async (body, paths) => {
    const found = issuesOf(await put('commands', body)).map(({ path }) => path);
    expect([...new Set(found)].sort()).toEqual(expect.arrayContaining(paths.slice(-1)));
  });

  it('have names that fit into a path', async () => {
    expect(issuesOf(await put('.x', { select: { clientid: 'x' }, topic: 't' }))[0]?.path).toBe('name');
  });
});
