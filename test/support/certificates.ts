import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority of the tests' own, with a certificate for 127.0.0.1, one for a client `gateway` and one for a device. PEM texts. */
export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** A device's, with the common name `device`. */
  readonly deviceCert: string;
  readonly deviceKey: string;
}

/** Makes new certificates with the `openssl` command, valid for a day. */
export function makeCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'));
  const path = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { stdio: 'ignore', cwd: dir });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '1',
      '-subj',
      '/CN=Test CA',
    );
    for (const [name, subject, extension] of [
      ['server', '/CN=broker.test', 'subjectAltName=IP:127.0.0.1,DNS:broker.test'],
      ['client', '/CN=gateway', 'extendedKeyUsage=clientAuth'],
      ['device', '/CN=device', 'extendedKeyUsage=clientAuth'],
    ] as const) {
      writeFileSync(path(`${name}.ext`), extension);
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
      const signing = [
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '1',
        '-extfile',
        `${name}.ext`,
      ];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...signing);
    }
    const read = (name: string): string => readFileSync(path(name), 'utf8');
    return {
      ca: read('ca.crt'),
      serverCert: read('server.crt'),
      serverKey: read('server.key'),
      clientCert: read('client.crt'),
      clientKey: read('client.key'),
      deviceCert: read('device.crt'),
      deviceKey: read('device.key'),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
