import { describe, expect, it } from '@jest/globals';
import { ControlLogin } from './control-login.js';

describe('the control login', () => {
  const login = new ControlLogin('control', 'secret');

  it('accepts user name and password', () => {
    expect(login.check('control', Buffer.from('secret'))).toBe('accepted');
  });

  it.each(['', 'secre', 'secret!', 'Secret'])('refuses the password %j', (password) => {
    expect(login.check('control', Buffer.from(password))).toBe('refused');
  });

  it('refuses a missing password', () => {
    expect(login.check('control', undefined)).toBe('refused');
  });

  it.each([undefined, '', 'device', 'Control'])('takes the user name %j for a device', (username) => {
    expect(login.check(username, Buffer.from('secret'))).toBe('none');
  });

  it('must not be empty', () => {
    expect(() => new ControlLogin('', 'secret')).toThrow(RangeError);
    expect(() => new ControlLogin('control', '')).toThrow(RangeError);
  });
});
