import { expect, it } from '@jest/globals';
import { BrokerMap } from './broker-ref.js';

it('keeps a value for each broker of each project', () => {
  const map = new BrokerMap<number>();
  map.set({ projectId: 'p', brokerId: 'b' }, 1);
  map.set({ projectId: 'p', brokerId: 'c' }, 2);
  map.set({ projectId: 'q', brokerId: 'b' }, 3);
  expect([...map.values()]).toEqual([1, 2, 3]);
  expect(map.get({ projectId: 'q', brokerId: 'b' })).toBe(3);
  expect(map.get({ projectId: 'q', brokerId: 'c' })).toBeUndefined();

  map.delete({ projectId: 'p', brokerId: 'b' });
  map.delete({ projectId: 'q', brokerId: 'b' });
  map.delete({ projectId: 'r', brokerId: 'b' });
  expect([...map.values()]).toEqual([2]);
});
