import type { Server } from 'node:http';
import { Server as TlsServer, type TlsOptions } from 'node:tls';
import type { HttpTlsConfig } from '../../config/config.js';
import type { ConfigStore } from '../../config/config-store.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Options of the HTTPS server: TLS 1.2 or later, with Node's default ciphers. */
export function tlsOptions({ cert, key }: HttpTlsConfig): TlsOptions {
  return { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
}

/** Lets an HTTPS server show the certificate of every later configuration to new connections; those that are open stay. */
export function renewCertificate(server: Server, config: ConfigStore): void {
  if (!(server instanceof TlsServer)) return;
  config.onChange(({ http: { tls } }) => {
    if (tls !== undefined) server.setSecureContext(tlsOptions(tls));
  });
}
