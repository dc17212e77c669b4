import { describe, expect, it } from '@jest/globals';
import type { Caller, Grant } from '../access/caller.js';
import type { ServiceEvent } from './event-ring.js';
import { viewOf, type EventView } from './event-view.js';

const callerWith = (...grants: Grant[]): Caller => ({ id: 'token:c', name: 'c', kind: 'token', grants });
const event = (fields: Partial<ServiceEvent> = {}): ServiceEvent => ({
  type: 'control',
  project: 'p',
  broker: 'b',
  clientid: 'c',
  data: '{}',
  ...fields,
});
const view = (caller: Caller, broker?: string): EventView =>
  viewOf({ project: 'p', broker, clientid: undefined, types: undefined }, caller);

describe('the view of a listener', () => {
  it('holds what concerns its brokers, and who did it for admins of them', () => {
    const { isWanted, isAdminOf } = view(
      callerWith(
        { project: 'p', role: 'admin', brokers: ['b'] },
        { project: 'p', role: 'viewer', brokers: ['c'] },
      ),
    );
    const told = ['b', 'c', 'd'].map((broker) => [isWanted(event({ broker })), isAdminOf(event({ broker }))]);
    expect(told).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
    expect(isWanted(event({ project: 'other' }))).toBe(false);
  });

  it('holds what concerns all brokers of a project only for grants on all of them', () => {
    const ofAll = event({ broker: undefined });
    const limited = view(callerWith({ project: 'p', role: 'admin', brokers: ['b'] }));
    expect([limited.isWanted(ofAll), limited.isAdminOf(ofAll)]).toEqual([false, false]);
    const mixed = view(
      callerWith({ project: 'p', role: 'viewer' }, { project: '*', role: 'admin', brokers: ['b'] }),
      'b',
    );
    expect([mixed.isWanted(ofAll), mixed.isAdminOf(ofAll)]).toEqual([true, false]);
    const admin = view(callerWith({ project: '*', role: 'admin' }));
    expect([admin.isWanted(ofAll), admin.isAdminOf(ofAll)]).toEqual([true, true]);
  });

  it('holds control connections only for those who may control', () => {
    const ofControl = event({ isControl: true });
    expect(view(callerWith({ project: 'p', role: 'viewer' })).isWanted(ofControl)).toBe(false);
    expect(view(callerWith({ project: 'p', role: 'editor' })).isWanted(ofControl)).toBe(true);
  });
});
