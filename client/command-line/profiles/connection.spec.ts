import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../exit-code.js';
import { findConnection } from './connection.js';
import { profilePath, writeProfiles } from './profile-file.js';

describe('findConnection', () => {
  let home = '';
  let environment: NodeJS.ProcessEnv = {};
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'profiles-'));
    environment = { XDG_CONFIG_HOME: home };
    writeProfiles(profilePath(environment), {
      use: 'prod',
      profiles: {
        prod: { url: 'https://prod.example', token: 'of-prod', project: 'plant-a' },
        test: { url: 'https://test.example', token: 'of-test' },
        bare: { url: 'https://bare.example' },
      },
    });
  });
  afterAll(() => rmSync(home, { recursive: true }));

  it('goes to the service on this machine where nothing is said', () => {
    expect(findConnection({}, { XDG_CONFIG_HOME: '/nowhere' })).toEqual({ url: 'http://127.0.0.1:3000' });
  });

  it('takes the profile in use, or the one that is named', () => {
    expect(findConnection({}, environment)).toEqual({
      url: 'https://prod.example',
      token: 'of-prod',
      project: 'plant-a',
    });
    expect(findConnection({ profile: 'test' }, environment)).toMatchObject({ token: 'of-test' });
    expect(findConnection({}, { ...environment, CLIENT_CONTROL_PROFILE: 'test' })).toMatchObject({
      token: 'of-test',
    });
    expect(() => findConnection({ profile: 'constructor' }, environment)).toThrow(UsageError);
  });

  it('takes options before variables, and variables before the profile', () => {
    const more = {
      ...environment,
      CLIENT_CONTROL_PROJECT: 'plant-b',
      CLIENT_CONTROL_TOKEN: 'of-environment',
    };
    expect(findConnection({}, more)).toMatchObject({ project: 'plant-b', token: 'of-environment' });
    expect(findConnection({ project: 'plant-c' }, more)).toMatchObject({ project: 'plant-c' });
  });

  it('takes a profile that an option names before variables', () => {
    const more = {
      ...environment,
      CLIENT_CONTROL_URL: 'https://variable.example',
      CLIENT_CONTROL_TOKEN: 'of-environment',
      CLIENT_CONTROL_PROJECT: 'plant-b',
      CLIENT_CONTROL_PROFILE: 'test',
    };
    expect(findConnection({ profile: 'prod' }, more)).toEqual({
      url: 'https://prod.example',
      token: 'of-prod',
      project: 'plant-a',
    });
    // What the profile does not say, and options before it.
    expect(findConnection({ profile: 'test', url: 'https://other.example' }, more)).toEqual({
      url: 'https://other.example',
      project: 'plant-b',
    });
    expect(findConnection({}, more)).toMatchObject({
      url: 'https://variable.example',
      token: 'of-environment',
    });
  });

  it('sends the token of a profile to its address and to no other', () => {
    expect(findConnection({ url: 'https://prod.example/' }, environment)).toMatchObject({ token: 'of-prod' });
    for (const url of ['https://prod.example.evil', 'http://prod.example', 'https://test.example'])
      expect(findConnection({ url }, environment)).not.toHaveProperty('token');
  });

  it('sends the token of the variables to the address beside it and to no other, and without one to any', () => {
    const alone = { ...environment, CLIENT_CONTROL_TOKEN: 'of-environment' };
    const both = { ...alone, CLIENT_CONTROL_URL: 'https://variable.example' };
    for (const options of [{ profile: 'bare' }, { url: 'https://other.example' }]) {
      expect(findConnection(options, both)).not.toHaveProperty('token');
      expect(findConnection(options, alone)).toMatchObject({ token: 'of-environment' });
    }
    expect(findConnection({ url: 'https://variable.example/' }, both)).toMatchObject({
      token: 'of-environment',
    });
  });

  it('reads a token from a file', () => {
    const path = join(home, 'token');
    writeFileSync(path, 'of-file\n');
    expect(findConnection({ tokenFile: path }, environment)).toMatchObject({ token: 'of-file' });
    expect(() => findConnection({ tokenFile: join(home, 'missing') }, environment)).toThrow(UsageError);
  });
});
