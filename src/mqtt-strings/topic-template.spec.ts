import { describe, expect, it } from '@jest/globals';
import { holdsClientId, topicForClient } from './topic-template.js';

describe('a topic filter for many clients', () => {
  it.each([
    ['cmd/${clientid}', 'a', 'cmd/a'],
    ['${clientid}/${clientid}/#', 'a b', 'a b/a b/#'],
    ['x-${clientid}-y', '$&', 'x-$&-y'],
    ['$share/${clientid}/t', 'g', '$share/g/t'],
    ['all', 'a/#', 'all'],
  ])('%j for %j is %j', (template, clientId, topic) => {
    expect(topicForClient(template, clientId)).toBe(topic);
  });

  it.each(['a/b', '+', '#', 'a+', 'x'.repeat(65_535)])('leaves out the client id %.20j', (clientId) => {
    expect(topicForClient('cmd/${clientid}', clientId)).toBeUndefined();
  });

  it('knows whether it differs from client to client', () => {
    expect(holdsClientId('cmd/${clientid}')).toBe(true);
    expect(holdsClientId('cmd/$clientid')).toBe(false);
  });
});
