import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { expectError, issuesOf } from '../../support/expect-error.js';
import { TOKENS, type Answer } from '../../support/test-service.js';
import { Fleet } from './fleet.js';

const ON_BROKER = '/api/projects/p/brokers/b/bans';

describe.each(CONTROL_BROKERS)('bans on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
  }, 120_000);
  afterEach(async () => {
    await fleet.disconnectAll();
    for (const { as, who } of (await list()).bans) await lift(as, who);
  });
  afterAll(() => fleet.stop());

  const set = (body: object, token: string = TOKENS.editor): Promise<Answer> =>
    fleet.service.request('POST', ON_BROKER, { body, token });
  const lift = (as: string, who: string): Promise<Answer> =>
    fleet.service.request('DELETE', `${ON_BROKER}?as=${as}&who=${encodeURIComponent(who)}`);
  const list = async (
    query = '',
  ): Promise<{ bans: { as: string; who: string; [field: string]: unknown }[] }> =>
    (await fleet.service.get(`${ON_BROKER}${query}`)).body as never;

  it('disconnects who matches, keeps them out, and lets them in again when lifted', async () => {
    const [intruder, bystander] = [
      await fleet.connect('b', { clientId: 'intruder-1' }),
      await fleet.connect('b', { clientId: 'friend-1' }),
    ];
    const { status, body } = await set({ as: 'clientid', who: 'intruder-*', until: null, reason: 'stolen' });
    expect({ status, body }).toEqual({ status: 200, body: { disconnected: ['intruder-1'] } });
    await intruder.closed;
    const refusal = await fleet.connect('b', { clientId: 'intruder-2' }).then(
      () => undefined,
      (error: unknown) => (error as { readonly code?: number }).code,
    );
    expect(refusal).toBe(fleet.brokers.b?.protocolVersion === 5 ? 0x8a : 5);
    expect(bystander.mqtt.connected).toBe(true);
    const { bans } = await list();
    expect(bans).toMatchObject([
      { as: 'clientid', who: 'intruder-*', until: null, reason: 'stolen', by: 'editor' },
    ]);
    expect(new Date(String(bans[0]?.since)).toISOString()).toBe(bans[0]?.since);
    expect((await lift('clientid', 'intruder-*')).status).toBe(204);
    await fleet.connect('b', { clientId: 'intruder-2' });
    expectError(await lift('clientid', 'intruder-*'), 'BAN_NOT_FOUND');
  });

  it('leaves those that are connected alone when asked to', async () => {
    const device = await fleet.connect('b', { clientId: 'quiet-1' });
    const { body } = await set({ as: 'clientid', who: 'quiet-1', until: null, disconnect: false });
    expect(body).toEqual({ disconnected: [] });
    expect(device.mqtt.connected).toBe(true);
  });

  it('replaces the ban of the same clients, and lists the newest first, page by page', async () => {
    for (const who of ['a-1', 'a-2', 'a-3']) await set({ as: 'clientid', who, until: null });
    await set({ as: 'clientid', who: 'a-1', until: '2036-01-01T00:00:00Z', reason: 'again' });
    const first = await fleet.service.get(`${ON_BROKER}?limit=2`);
    expect((first.body as { bans: unknown[] }).bans).toHaveLength(2);
    const cursor = first.headers.get('x-next-cursor') ?? '';
    const { bans: rest } = await list(`?limit=2&cursor=${encodeURIComponent(cursor)}`);
    const all = [...(first.body as { bans: { who: string }[] }).bans, ...rest];
    expect(all.map(({ who }) => who).sort()).toEqual(['a-1', 'a-2', 'a-3']);
    expect(all[0]).toMatchObject({ who: 'a-1', until: '2036-01-01T00:00:00.000Z', reason: 'again' });
  });

  it('does not keep out who may command, whatever the ban', async () => {
    await set({ as: 'address', who: '127.0.0.0/8', until: '2036-01-01T00:00:00Z' });
    expect(fleet.service.gateway.status({ projectId: 'p', brokerId: 'b' }).state).toBe('connected');
    await expect(fleet.connect('b')).rejects.toThrow();
    expect((await lift('address', '127.0.0.0/8')).status).toBe(204);
    await fleet.connect('b');
  });

  it.each([
    [{ as: 'clientid', who: '*' }],
    [{ as: 'username', who: '**' }],
    [{ as: 'clientid', who: '?*' }],
    [{ as: 'address', who: '0.0.0.0/0' }],
    [{ as: 'address', who: '::/0' }],
  ])('refuses %j, which would be everybody', async (ban) => {
    expectError(await set({ ...ban, until: null }), 'BAN_TOO_WIDE');
    expect((await list()).bans).toEqual([]);
  });

  it.each([
    [{}, ['as', 'who']],
    [{ as: 'name', who: 'x' }, ['as']],
    [{ as: 'clientid', who: '' }, ['who']],
    [{ as: 'address', who: 'x' }, ['who']],
    [{ as: 'clientid', who: 'x', until: '2020-01-01T00:00:00Z' }, ['until']],
    [{ as: 'clientid', who: 'x', until: 'tomorrow' }, ['until']],
    [{ as: 'clientid', who: 'x', until: 253_402_300_800_000 }, ['until']],
    [{ as: 'clientid', who: 'x', until: '9007199254740991' }, ['until']],
    [{ as: 'clientid', who: 'x', reason: 'x'.repeat(501) }, ['reason']],
    [{ as: 'clientid', who: 'x', disconnect: 'yes' }, ['disconnect']],
    [{ as: 'clientid', who: 'x', more: 1 }, ['more']],
  ])('refuses %j', async (ban, paths) => {
    expect(issuesOf(await set(ban)).map(({ path }) => path)).toEqual(paths);
  });

  it('lists a ban that another tool set for longer than a time can be written', async () => {
    const ref = { projectId: 'p', brokerId: 'b' };
    const ban = { as: 'clientid', who: 'of-another-tool', until: Number.MAX_SAFE_INTEGER };
    await fleet.service.gateway.request(ref, 'extension', { command: 'setBan', ...ban });
    expect((await list()).bans).toMatchObject([
      { who: 'of-another-tool', until: '9999-12-31T23:59:59.999Z' },
    ]);
  });

  it('is refused where it could not be lifted, as its name does not fit into a URL', async () => {
    const longest = 'x'.repeat(4096);
    expect((await set({ as: 'clientid', who: longest })).status).toBe(200);
    expect((await lift('clientid', longest)).status).toBe(204);
    const euros = '€'.repeat(455);
    expect((await set({ as: 'clientid', who: euros })).status).toBe(200);
    expect((await lift('clientid', euros)).status).toBe(204);
    for (const who of [`${longest}x`, `${euros}€`, 'x'.repeat(65_535)])
      expect(issuesOf(await set({ as: 'clientid', who })).map(({ path }) => path)).toEqual(['who']);
    expect((await list()).bans).toEqual([]);
  });

  it('is for editors; viewers may look', async () => {
    expect((await set({ as: 'clientid', who: 'x' }, TOKENS.viewer)).status).toBe(403);
    expect((await fleet.service.get(ON_BROKER, TOKENS.viewer)).status).toBe(200);
  });

  it('over a project, tells of each broker what became of it', async () => {
    const path = '/api/projects/p/bans';
    const ban = { as: 'clientid', who: 'everywhere-1', until: null };
    const device = await fleet.connect('b', { clientId: 'everywhere-1' });
    const answer = await fleet.service.request('POST', path, { body: ban });
    expect(answer.body).toEqual({
      brokers: [{ broker: 'b', status: 200, disconnected: ['everywhere-1'] }],
    });
    await device.closed;
    expect((await fleet.service.get(path)).body).toMatchObject({
      bans: [{ broker: 'b', as: 'clientid', who: 'everywhere-1' }],
      notAnswered: [],
    });
    const query = '?as=clientid&who=everywhere-1';
    const lifted = await fleet.service.request('DELETE', `${path}${query}`);
    expect(lifted.body).toEqual({ brokers: [{ broker: 'b', status: 204 }] });
    const again = await fleet.service.request('DELETE', `${path}${query}`);
    expect(again.body).toMatchObject({
      brokers: [{ broker: 'b', status: 404, error: { code: 'BAN_NOT_FOUND' } }],
    });
    expectError(await fleet.service.request('POST', path, { body: { ...ban, who: '*' } }), 'BAN_TOO_WIDE');
  });
});
