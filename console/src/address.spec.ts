import { describe, expect, it } from '@jest/globals';
import { hrefOf, parseAddress, readClientRef, writeClientRef } from './address.js';

describe('an address of the console', () => {
  it.each([
    '/console/',
    '/console/find?q=gw',
    '/console/projects/demo/clients',
    '/console/projects/demo/clients?clientid=gw-*&open=demo%2Fb%2Fa%2Fb',
  ])('%s is read and written again as it was', (path) => {
    expect(hrefOf(parseAddress(`http://host${path}`))).toBe(path);
  });

  it('is the start where it makes no sense', () => {
    expect(parseAddress('http://host/console/projects/%E0%A4%A/clients').project).toBeUndefined();
    expect(parseAddress('http://host/elsewhere')).toMatchObject({ project: undefined, page: '' });
  });

  it('names a client, whatever its id holds', () => {
    const client = { project: 'p', broker: 'b', clientid: 'a/b //?\n#' };
    expect(readClientRef(writeClientRef(client))).toEqual(client);
    expect(readClientRef('p/b')).toBeUndefined();
    expect(readClientRef(undefined)).toBeUndefined();
  });
});
