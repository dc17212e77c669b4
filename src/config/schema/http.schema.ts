import { isIP } from 'node:net';
import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { boolean, httpUrl, integer, text } from './fields.js';
import { belongTogether, ownCertificate } from './tls.js';

/** Names that stand for ranges. Source: `@fastify/proxy-addr`. */
const RANGES = ['loopback', 'linklocal', 'uniquelocal'];

const proxy = text
  .refine(isProxy, `must be an IP address, a network such as 10.0.0.0/8, or one of ${RANGES.join(', ')}`)
  .meta({ title: 'address or network' });

/** A host name or address as it stands in a `Host` header, without a port; `*.` in front stands for any names below. */
const hostName = text
  .regex(
    /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?$|^\[[0-9A-Fa-f:.]+\]$/,
    'must be a host name or an address, without scheme and port (IPv6 in brackets)',
  )
  .meta({ title: 'host' });

const publicUrl = httpUrl
  .refine((value) => !/[?#]/.test(value), 'must not have a query or a fragment')
  .transform((value) => value.replace(/\/+$/, ''));

/** `http` of the configuration. */
export function httpSchema(files: ConfigFiles) {
  return z.strictObject({
    host: text
      .prefault('127.0.0.1')
      .meta({ restart: true, description: 'Address to listen on. The environment variable `HOST` wins.' }),
    port: integer(0, 65_535).prefault(3000).meta({
      restart: true,
      description: '0 picks a free port and logs it. The environment variable `PORT` wins.',
    }),
    publicUrl: publicUrl.optional().meta({
      title: 'URL',
      restart: true,
      description:
        'Where callers reach the service, path prefix included, when a proxy stands before it. Default: relative addresses.',
    }),
    allowedHosts: z
      .array(hostName, 'must be a list of host names')
      .optional()
      .meta({
        description:
          'Which names callers may use for the service, in `Host` and in `Origin`; `*.example.com` stands for all names below. ' +
          'Default: on a loopback address `localhost` and loopback addresses, elsewhere any.',
      }),
    keepAliveTimeoutMs: integer(1000, 3_600_000).prefault(72_000).meta({
      restart: true,
      description:
        'How long an idle connection stays open. Longer than the idle timeout of the load balancer before it, or that one sends requests into closing connections.',
    }),
    bodyLimitBytes: integer(1, 104_857_600).prefault(262_144).meta({
      description:
        'Largest request body, bytes. The default has room for a client id and a topic of 65,535 bytes each, as JSON.',
    }),
    trustProxy: z
      .union([boolean, z.array(proxy)], 'must be true, false or a list of addresses')
      .prefault(false)
      .meta({
        restart: true,
        description:
          "Whose `X-Forwarded-For` to believe: `false`, nobody's; `true`, everybody's; or a list of the proxies' addresses " +
          'and networks. The address counts for the rate limit and stands in the audit trail.',
      }),
    corsOrigins: z.array(httpUrl, 'must be a list of origins').prefault([]).meta({
      description:
        'Origins whose pages may call the API. Empty: no CORS headers at all. From none to some needs a restart.',
    }),
    tls: z.strictObject(ownCertificate(files)).superRefine(belongTogether).optional().meta({
      description:
        'HTTPS (TLS 1.2 and 1.3) instead of HTTP. A renewed certificate is taken over without a restart; on and off needs one.',
    }),
  });
}

function isProxy(value: string): boolean {
  if (RANGES.includes(value)) return true;
  const [, address = '', range] = /^([^/]*)(?:\/(.*))?$/.exec(value) ?? [];
  const version = isIP(address);
  if (version === 0 || range === undefined) return version !== 0;
  if (version === 4 && isIP(range) === 4) return isNetmask(range);
  return /^\d{1,3}$/.test(range) && Number(range) >= 1 && Number(range) <= (version === 4 ? 32 : 128);
}

/** Ones, then zeros. */
function isNetmask(address: string): boolean {
  const bits = address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1+0*$/.test(bits);
}
