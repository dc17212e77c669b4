import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { makeCertificates } from '../support/certificates.js';
import { Samples } from '../support/samples.js';
import { TestService } from '../support/test-service.js';

const EXPIRY = 'expiry_timestamp_seconds';

let dir: string;
let service: TestService;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'expiry-'));
});
afterEach(async () => {
  await service.stop();
  rmSync(dir, { recursive: true });
});

describe('the metric of what ends', () => {
  it('has tokens and client certificates, and follows the configuration', async () => {
    const { clientCert, clientKey } = makeCertificates();
    const [cert, key] = [join(dir, 'cert'), join(dir, 'key')];
    writeFileSync(cert, clientCert);
    writeFileSync(key, clientKey);
    const broker = { id: 'b', url: 'mqtts://127.0.0.1:1', tls: { cert, key } };
    service = await TestService.start({ brokers: [broker] });
    const samples = await Samples.scrape(service.url);
    expect(samples.value(EXPIRY, { kind: 'token', name: 'expired' })).toBe(Date.UTC(2020, 0, 1) / 1000);
    expect(samples.value(EXPIRY, { kind: 'token', name: 'admin' })).toBeUndefined();
    expect(samples.value(EXPIRY, { kind: 'client-certificate', name: 'p/b' })).toBe(
      Date.parse(new X509Certificate(clientCert).validTo) / 1000,
    );
    const { current } = service.config;
    service.config.replace({ ...current, auth: { ...current.auth, tokens: [] } });
    expect(
      (await Samples.scrape(service.url)).value(EXPIRY, { kind: 'token', name: 'expired' }),
    ).toBeUndefined();
  });
});
