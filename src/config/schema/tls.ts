import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { boolean, contentsOfFile, text } from './fields.js';
import { remembered } from './remembered.js';

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The name of a PEM file with one certificate or more; its contents come out. */
export const certificates = (files: ConfigFiles) =>
  contentsOfFile(files).refine(
    (pem) => areCertificates(pem),
    'names a file without certificates in PEM format',
  );

/** The keys of a certificate of our own. */
export function ownCertificate(files: ConfigFiles) {
  return {
    cert: certificates(files).meta({ description: 'PEM: the certificate, then the intermediates.' }),
    key: contentsOfFile(files).meta({ description: 'PEM: its private key, without a passphrase.' }),
  };
}

/** TLS towards a server: whom to trust, and who we are. */
export function clientTls(files: ConfigFiles) {
  const { cert, key } = ownCertificate(files);
  return z
    .strictObject({
      ca: certificates(files)
        .optional()
        .meta({ description: 'Certificate authorities to trust, PEM. Default: those of Node.js.' }),
      cert: cert.optional().meta({ description: 'Client certificate, PEM. With `key` or not at all.' }),
      key: key.optional(),
      rejectUnauthorized: boolean
        .prefault(true)
        .meta({ description: '`false` accepts any certificate. For a test bench only.' }),
      servername: text.optional().meta({
        description: "The name that the server's certificate must have, if it is not the one in the `url`.",
      }),
    })
    .superRefine(belongTogether);
}

/** Reports a certificate and a key that do not go together. */
export function belongTogether(
  { cert, key }: { readonly cert?: string | undefined; readonly key?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (cert === undefined || key === undefined || isPair(cert, key)) return;
  // OpenSSL's message could tell of the key.
  context.addIssue({
    code: 'custom',
    message: 'needs a certificate and its private key in PEM format, without a passphrase',
  });
}

/** Takes 2 to 4 ms, which every broker would cost the event loop at every reload. */
const isPair = remembered((cert: string, key: string) => {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
});

/** Takes half a millisecond for each certificate; a list of authorities may have 150. */
const areCertificates = remembered((pem: string) => {
  const blocks = pem.match(CERTIFICATE) ?? [];
  const begun = pem.match(/-----BEGIN [A-Z ]*CERTIFICATE-----/g) ?? [];
  return blocks.length > 0 && blocks.length === begun.length && blocks.every(isCertificate);
});

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
