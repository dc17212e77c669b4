import { afterEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { fileConfig } from '../support/file-service.js';
import { ServiceProcess } from '../support/service-process.js';

let service: ServiceProcess;
afterEach(() => service.stop());

const statusWith = async (token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${await service.url()}/api/projects`, { headers })).status;
};

describe('SIGHUP', () => {
  it('has the configuration read again, refuses what is not valid, and ends nothing', async () => {
    service = ServiceProcess.spawn(JSON.stringify(fileConfig([], { old: 'viewer' })));
    expect(await statusWith('old')).toBe(200);
    writeFileSync(service.path('config.yaml'), JSON.stringify(fileConfig([], { new: 'viewer' })));
    service.signal('SIGHUP');
    expect(await service.line(/the changed configuration is in force/)).toMatchObject({ trigger: 'SIGHUP' });
    expect([await statusWith('old'), await statusWith('new')]).toEqual([401, 200]);

    writeFileSync(service.path('config.yaml'), 'projects: 7');
    service.signal('SIGHUP');
    expect(await service.line(/the old one stays in force/)).toMatchObject({
      issues: [{ path: 'projects', message: 'must be a list of projects' }],
    });
    expect(await statusWith('new')).toBe(200);
    service.signal('SIGTERM');
    expect(await service.exited).toBe(0);
  });

  it('does nothing to the embedded default', async () => {
    service = ServiceProcess.spawn();
    expect(await statusWith('demo-token')).toBe(200);
    service.signal('SIGHUP');
    await service.line(/no configuration file to reload/);
    expect(await statusWith('demo-token')).toBe(200);
  });

  it('while it starts is not lost: the configuration is read again as soon as it runs', async () => {
    service = ServiceProcess.spawn(JSON.stringify(fileConfig([], { old: 'viewer' })));
    await service.catchesSignals();
    service.signal('SIGHUP');
    await service.url();
    expect(await service.line(/is read again and has not changed/)).toMatchObject({ trigger: 'SIGHUP' });
  });
});
