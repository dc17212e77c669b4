import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BanList, type Ban } from './ban-list.js';

const CONNECTION = { closed: false };
const CLIENT = { clientid: 'a', username: undefined, address: '10.0.0.1' };

function ban(who: string, until: number | null = null): Ban {
  return { as: 'clientid', who, until, reason: null, by: null, since: 0 };
}

describe('the ban list', () => {
  let bans: BanList;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1000, doNotFake: ['setImmediate', 'performance'] });
    bans = new BanList();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('drops those whose time has come, and only them', () => {
    bans.set(ban('later', 3000));
    bans.set(ban('sooner', 2000));
    bans.set(ban('never'));
    jest.setSystemTime(1999);
    expect(bans.size).toBe(3);
    jest.setSystemTime(2000);
    expect(bans.list(10).bans.map(({ who }) => who)).toEqual(['never', 'later']);
    jest.setSystemTime(3000);
    expect(bans.size).toBe(1);
    expect(() => bans.delete({ as: 'clientid', who: 'later' })).toThrow('Ban not found');
  });

  it('looks again at a client when a ban was set since it was checked', async () => {
    const connection = { ...CONNECTION };
    expect(await bans.keepsOut(connection, CLIENT)).toBe(false);
    expect(bans.isOutdated(connection)).toBe(false);
    bans.set(ban('a'));
    expect(bans.isOutdated(connection)).toBe(true);
    expect(await bans.keepsOut(connection, CLIENT)).toBe(true);
  });

  it('sees a ban that is set while it looks at the others', async () => {
    for (let index = 0; index < 100; index += 1) bans.set(ban(`other-${index}`));
    const checking = bans.keepsOut({ ...CONNECTION }, CLIENT);
    bans.set(ban('a'));
    expect(await checking).toBe(true);
  });

  it('looks no longer than the connection lasts', async () => {
    for (let index = 0; index < 100; index += 1) bans.set(ban(`other-${index}`));
    expect(await bans.keepsOut({ closed: true }, CLIENT)).toBe(true);
  });
});
