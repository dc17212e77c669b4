import { z } from 'zod';
import { ROLES } from '../access/role.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { ConfigFiles } from './config-files.js';

/** Ids of projects and brokers, in the configuration and in paths. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const LONGEST_TIMER_MS = 2_147_483_647;

/** An integer; a string of digits counts too, because `${NAME}` always yields strings. */
const integer = (minimum: number, maximum: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z
      .int(`must be an integer from ${minimum} to ${maximum}`)
      .min(minimum, `must be at least ${minimum}`)
      .max(maximum, `must be at most ${maximum}`),
  );

const boolean = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean('must be true or false'),
);

const text = z.string('must be a string').min(1, 'must not be empty');

const id = z
  .string('must be a string')
  .regex(
    ID_PATTERN,
    'must be 1 to 64 letters, digits, dots, underscores or hyphens, and begin with a letter or digit',
  );

const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`);

const brokerUrl = text.superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const issue = (message: string) => context.addIssue({ code: 'custom', message });
  if (url === undefined || url.hostname === '')
    issue('must be a URL such as mqtts://broker.example.com:8883');
  else if (!['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol))
    issue('must begin with mqtt, mqtts, ws or wss');
  else if (url.username !== '' || url.password !== '')
    issue('must not hold credentials; use username and password');
});

const httpUrl = text.refine(
  (value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol),
  'must be an http or https URL',
);

const grant = z.strictObject({
  project: z.union([z.literal('*'), id], 'must be a project id or "*"'),
  role,
  brokers: z.array(id, 'must be a list of broker ids').min(1, 'must not be empty').optional(),
});

const token = z.strictObject({
  name: text,
  sha256: z
    .string('must be a string')
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .transform((hex) => hex.toLowerCase()),
  expiresAt: z
    .union(
      [z.date(), z.iso.datetime({ offset: true })],
      'must be a date and time with a zone, such as 2027-06-30T00:00:00Z',
    )
    .transform((value) => new Date(value))
    .optional(),
  grants: z.array(grant, 'must be a list of grants'),
});

/**
 * The configuration file's shape, as in the configuration contract: every key, its type, bounds and default.
 *
 * @param files reads the files that it names: what comes out holds their contents instead
 */
export function configSchema(files: ConfigFiles) {
  /** The name of a file; its contents come out. */
  const contents = text.transform((file, context) => {
    try {
      return files.read(file);
    } catch (error) {
      const code = systemErrorCode(error) ?? 'unknown error';
      context.addIssue({ code: 'custom', message: `names a file that cannot be read (${code})` });
      return z.NEVER;
    }
  });

  const tls = z.strictObject({
    ca: contents.optional(),
    cert: contents.optional(),
    key: contents.optional(),
    rejectUnauthorized: boolean.default(true),
    servername: text.optional(),
  });

  const broker = z.strictObject({
    id,
    name: text.optional(),
    url: brokerUrl,
    protocolVersion: integer(4, 5).default(5),
    clientIdPrefix: text.max(200, 'must be at most 200 characters').default('client-control'),
    username: text.optional(),
    password: text.optional(),
    passwordFile: contents.optional(),
    tls: tls.optional(),
    requestTimeoutMs: integer(1, 3_600_000).default(5000),
    connectTimeoutMs: integer(1, 3_600_000).default(10_000),
    keepaliveSeconds: integer(1, 65_535).default(30),
    reconnect: z
      .strictObject({
        minDelayMs: integer(1, LONGEST_TIMER_MS).default(250),
        maxDelayMs: integer(1, LONGEST_TIMER_MS).default(30_000),
      })
      .prefault({}),
    maxPending: integer(1, 1_000_000).default(10_000),
    maxBatch: integer(1, 10_000).default(100),
  });

  const project = z.strictObject({
    id,
    name: text.optional(),
    brokers: z.array(broker, 'must be a list of brokers').default([]),
  });

  return z.strictObject({
    http: z
      .strictObject({
        host: text.default('127.0.0.1'),
        port: integer(0, 65_535).default(3000),
        bodyLimitBytes: integer(1, 104_857_600).default(262_144),
        trustProxy: z
          .union([boolean, z.array(text)], 'must be true, false or a list of addresses')
          .default(false),
        corsOrigins: z.array(httpUrl, 'must be a list of origins').default([]),
        tls: z.strictObject({ cert: contents, key: contents }).optional(),
      })
      .prefault({}),
    auth: z
      .strictObject({
        tokens: z.array(token, 'must be a list of tokens').default([]),
        jwt: z.strictObject({ issuer: text, audience: text, jwksUri: httpUrl, grantsClaim: text }).optional(),
      })
      .prefault({}),
    rateLimit: z
      .strictObject({
        requestsPerMinute: integer(0, 1_000_000_000).default(6000),
        unauthenticatedPerMinute: integer(0, 1_000_000_000).default(600),
        redisUrl: text.regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://').optional(),
      })
      .prefault({}),
    audit: z
      .strictObject({
        file: text.transform((file) => files.resolve(file)).optional(),
        sync: boolean.default(false),
        required: boolean.default(false),
      })
      .prefault({}),
    projects: z.array(project, 'must be a list of projects').default([]),
  });
}

/** A configuration file after validation. */
export type ParsedConfig = z.infer<ReturnType<typeof configSchema>>;
/** One broker of a {@link ParsedConfig}. */
export type ParsedBroker = ParsedConfig['projects'][number]['brokers'][number];
