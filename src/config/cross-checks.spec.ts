import { describe, expect, it } from '@jest/globals';
import { crossCheck } from './cross-checks.js';

const HASH = 'ab'.repeat(32);
const project = (id: string, ...brokers: object[]): object => ({ id, brokers });
const grants = (...list: object[]): object => ({
  projects: [project('p', { id: 'b' }), project('q')],
  auth: { tokens: [{ grants: list }] },
});
const broker = (settings: object): object => ({ projects: [{ id: 'p', brokers: [settings] }] });

describe('crossCheck', () => {
  it.each([
    ['an empty tree', {}],
    [
      'the same broker id in two projects',
      { projects: [project('p', { id: 'b' }), project('q', { id: 'b' })] },
    ],
    ['ids that differ in case', { projects: [project('p'), project('P'), project('Q'), project('q')] }],
    [
      'grants on what is configured',
      grants({ project: 'p', brokers: ['b'] }, { project: 'q' }, { project: '*' }),
    ],
    ['TLS on mqtts', broker({ url: 'mqtts://h', tls: { cert: 'c', key: 'k' } })],
    ['TLS on wss, in capitals', broker({ url: 'WSS://h', tls: {} })],
  ])('finds nothing in %s', (_what, tree) => {
    expect(crossCheck(tree)).toEqual([]);
  });

  it.each([
    [
      'projects',
      { projects: [project('p'), project('q'), project('p')] },
      'projects[2].id',
      'projects[0].id',
    ],
    ['projects in capitals', { projects: [project('P'), project('P')] }, 'projects[1].id', 'projects[0].id'],
    [
      'brokers',
      { projects: [project('p', { id: 'Line-1' }, { id: 'Line-1' })] },
      'projects[0].brokers[1].id',
      'projects[0].brokers[0].id',
    ],
    [
      'token names',
      { auth: { tokens: [{ name: 'Ops' }, { name: 'Ops' }] } },
      'auth.tokens[1].name',
      'auth.tokens[0].name',
    ],
    [
      'tokens, whatever the case of the hash',
      { auth: { tokens: [{ sha256: HASH.toUpperCase() }, { sha256: HASH }] } },
      'auth.tokens[1].sha256',
      'auth.tokens[0].sha256',
    ],
  ])('reports duplicate %s', (_what, tree, path, first) => {
    expect(crossCheck(tree)).toEqual([{ path, message: `is the same as ${first}` }]);
  });

  it.each([
    [{ project: 'x' }, 'auth.tokens[0].grants[0].project', 'is not a configured project'],
    [
      { project: 'p', brokers: ['b', 'x'] },
      'auth.tokens[0].grants[0].brokers[1]',
      'is not a broker of this project',
    ],
    [
      { project: 'q', brokers: ['b'] },
      'auth.tokens[0].grants[0].brokers[0]',
      'is not a broker of this project',
    ],
    [
      { project: '*', brokers: ['b'] },
      'auth.tokens[0].grants[0].brokers',
      'cannot be combined with the project "*"',
    ],
  ])('reports the grant %j', (grant, path, message) => {
    expect(crossCheck(grants(grant))).toEqual([{ path, message }]);
  });

  it.each([
    [{ url: 'mqtt://h', tls: {} }, 'tls', 'has no effect with this url; use mqtts or wss'],
    [{ url: 'ws://h', tls: {} }, 'tls', 'has no effect with this url; use mqtts or wss'],
    [{ url: 'mqtts://h', tls: { cert: 'c' } }, 'tls', 'needs cert and key together'],
    [{ url: 'mqtts://h', tls: { key: 'k' } }, 'tls', 'needs cert and key together'],
    [{ password: 'x', passwordFile: 'y' }, 'passwordFile', 'cannot be combined with password'],
  ])('reports the broker settings %j', (settings, key, message) => {
    expect(crossCheck(broker(settings))).toEqual([{ path: `projects[0].brokers[0].${key}`, message }]);
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{ projects: 'x', auth: [] }],
    [
      {
        projects: [null, 1, { id: 1, brokers: {} }],
        auth: { tokens: [null, { grants: [null, { project: 1 }] }] },
      },
    ],
  ])('leaves what has the wrong type to the schema: %j', (tree) => {
    expect(crossCheck(tree)).toEqual([]);
  });
});
