import { describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../auth/token-table.js';
import { ConfigError } from '../config/config-error.js';
import { DEMO_TOKEN, embeddedDefault } from './embedded-default.js';

const BROKER = { url: 'mqtt://127.0.0.1:4711', username: 'u', password: 'p' };

describe('embeddedDefault', () => {
  it('has the project demo with the broker embedded, the demo token as admin, on loopback', () => {
    const config = embeddedDefault({}).withBroker(BROKER);
    expect(config).toMatchObject({
      http: { host: '127.0.0.1', port: 3000 },
      auth: { tokens: [{ sha256: sha256Hex(DEMO_TOKEN), grants: [{ project: '*', role: 'admin' }] }] },
      projects: [{ id: 'demo', brokers: [{ id: 'embedded', protocolVersion: 4, ...BROKER }] }],
    });
  });

  it.each(['127.0.0.1', '::1', 'localhost'])('listens on %s', (HOST) => {
    expect(embeddedDefault({ HOST }).withBroker(BROKER).http.host).toBe(HOST);
  });

  it.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com'])(
    'refuses to listen on %s',
    (HOST) => {
      expect(() => embeddedDefault({ HOST })).toThrow(ConfigError);
      expect(() => embeddedDefault({ HOST })).toThrow(/HOST: .*loopback only/);
    },
  );

  it('takes PORT, and reports one that is none', () => {
    expect(embeddedDefault({ PORT: '0' }).withBroker(BROKER).http.port).toBe(0);
    expect(() => embeddedDefault({ PORT: 'x' })).toThrow(/http\.port: must be an integer/);
  });
});
