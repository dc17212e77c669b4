import { describe, expect, it } from '@jest/globals';
import { MessageWindow } from './message-window.js';

describe('MessageWindow', () => {
  it('has no room until it is opened, nor after it was closed', () => {
    const window = new MessageWindow();
    expect(window.hasRoom).toBe(false);
    window.open(1);
    expect(window.hasRoom).toBe(true);
    window.close();
    expect(window.hasRoom).toBe(false);
  });

  it('is full at its limit, and has room again when a message arrived', () => {
    const window = new MessageWindow();
    window.open(2);
    const first = window.send();
    window.send();
    expect(window.hasRoom).toBe(false);
    expect(window.arrive(first)).toBe(true);
    expect(window.hasRoom).toBe(true);
  });

  it('takes a message for arrived when a later one has', () => {
    const window = new MessageWindow();
    window.open(3);
    const [first, second, third] = [window.send(), window.send(), window.send()];
    expect(window.arrive(second)).toBe(true);
    expect(window.arrive(first)).toBe(false);
    expect([first, second, third].map((number) => window.hasArrived(number))).toEqual([true, true, false]);
  });

  it('forgets what was under way on an earlier connection', () => {
    const window = new MessageWindow();
    window.open(1);
    window.send();
    window.close();
    window.open(1);
    expect(window.hasRoom).toBe(true);
  });
});
