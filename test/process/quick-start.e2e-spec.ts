import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Device } from '../support/device.js';
import { ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

describe('the embedded default, as a newcomer meets it', () => {
  let service: ServiceProcess;
  let observer: Device;

  beforeAll(async () => {
    service = ServiceProcess.spawn();
    const { broker } = await service.line(/^no configuration file/);
    observer = await Device.connect(String(broker), { protocolVersion: 4 });
  });
  afterAll(async () => {
    await observer.end();
    await service.stop();
  });

  it('prints the address of the Swagger UI', async () => {
    const { msg } = await service.line(/Swagger UI at/);
    const address = /Swagger UI at (\S+)/.exec(msg)?.[1] ?? '';
    const response = await fetch(address);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('swagger-ui');
  });

  it('prints a curl line that disconnects a simulated device, which comes back', async () => {
    const { msg } = await service.line(/^try it: curl /);
    const command = msg.replace('try it: ', '');
    // The embedded broker tells there who comes and goes.
    await observer.mqtt.subscribeAsync(['$SYS/+/disconnect/clients', '$SYS/+/new/clients']);
    const { stdout } = await promisify(execFile)('bash', ['-c', command]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(stdout.split('\r\n\r\n').at(-1)).toBe('{}');
    const seen = (event: string): boolean =>
      observer.messages.some(({ topic, payload }) => topic.endsWith(event) && payload === 'sensor-1');
    await until(() => seen('/disconnect/clients'), 'sensor-1 is disconnected');
    await until(() => seen('/new/clients'), 'sensor-1 comes back');
  });

  it('does not know a device that is not there', async () => {
    const { msg } = await service.line(/^try it: curl /);
    const command = msg.replace('try it: ', '').replace('sensor-1', 'sensor-99');
    const { stdout } = await promisify(execFile)('bash', ['-c', command]);
    expect(stdout).toMatch(/^HTTP\/1\.1 404 /);
    expect(stdout).toContain('CLIENT_NOT_FOUND');
  });
});
