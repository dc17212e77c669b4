import { z } from 'zod';
import type { ConfigFiles } from './config-files.js';
import {
  boolean,
  brokerUrl,
  contentsOfFile,
  dateTime,
  httpUrl,
  id,
  integer,
  LONGEST_TIMER_MS,
  protocolVersion,
  role,
  text,
} from './schema-fields.js';

/**
 * The configuration file: every key, its type, bounds, default and description. All else comes from here: the types
 * (`config.ts`), `docs/configuration.md`, `config.schema.json` for editors (`npm run docs` writes both), and the test that
 * `config.example.yaml` shows every key. `restart: true` marks what a running service does not take over.
 *
 * @param files reads the files that it names: what comes out holds their contents instead
 */
export function configSchema(files: ConfigFiles) {
  const contents = contentsOfFile(files);

  const http = z.strictObject({
    host: text
      .prefault('127.0.0.1')
      .meta({ restart: true, description: 'Address to listen on. The environment variable `HOST` wins.' }),
    port: integer(0, 65_535).prefault(3000).meta({
      restart: true,
      description: '0 picks a free port and logs it. The environment variable `PORT` wins.',
    }),
    bodyLimitBytes: integer(1, 104_857_600).prefault(262_144).meta({
      description:
        'Largest request body, bytes. The default has room for a client id and a topic of 65,535 bytes each, as JSON.',
    }),
    trustProxy: z
      .union([boolean, z.array(text)], 'must be true, false or a list of addresses')
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
    tls: z
      .strictObject({
        cert: contents.meta({ description: 'PEM: the certificate, then the intermediates.' }),
        key: contents.meta({ description: 'PEM: its private key, without a passphrase.' }),
      })
      .optional()
      .meta({
        description:
          'HTTPS (TLS 1.2 and 1.3) instead of HTTP. A renewed certificate is taken over without a restart; on and off needs one.',
      }),
  });

  const grant = z.strictObject({
    project: z
      .union([z.literal('*'), id], 'must be a project id or "*"')
      .meta({ title: 'id or *', description: "A project's id, or `*` for all of them." }),
    role: role.meta({
      description:
        '`viewer` reads; `editor` also disconnects, subscribes and unsubscribes; `admin` also subscribes to `$`-topics and reads the audit trail.',
    }),
    brokers: z
      .array(id, 'must be a list of broker ids')
      .min(1, 'must not be empty')
      .optional()
      .meta({ description: 'Only on these brokers of the project.' }),
  });

  const token = z.strictObject({
    name: text.meta({ description: 'Who it is, in the log and in the audit trail. Unique.' }),
    sha256: z
      .string('must be a string')
      .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
      .transform((hex) => hex.toLowerCase())
      .meta({ title: '64 hex digits', description: 'SHA-256 of the token. Only this is kept.' }),
    expiresAt: dateTime.optional().meta({ description: 'Not accepted from then on.' }),
    grants: z
      .array(grant, 'must be a list of grants')
      .meta({ description: 'What it may do. Nothing that is not granted is allowed.' }),
  });

  const jwt = z.strictObject({
    issuer: text.meta({ description: "Must be the token's `iss`." }),
    audience: text.meta({ description: "Must be in the token's `aud`." }),
    jwksUri: httpUrl.meta({ description: 'Where the provider publishes its keys.' }),
    grantsClaim: text.meta({
      description: 'The claim with an object that maps project ids (or `*`) to roles.',
    }),
  });

  const rateLimit = z.strictObject({
    requestsPerMinute: integer(0, 1_000_000_000)
      .prefault(6000)
      .meta({ description: 'Requests per minute and credential; 0 turns the limit off.' }),
    unauthenticatedPerMinute: integer(0, 1_000_000_000).prefault(600).meta({
      description: 'Requests per minute and address without an accepted credential; 0 turns the limit off.',
    }),
    redisUrl: text
      .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
      .optional()
      .meta({
        title: 'URL',
        restart: true,
        description: 'Redis or Valkey, so that replicas count together; without it each counts in memory.',
      }),
  });

  const audit = z.strictObject({
    file: text
      .transform((file) => files.resolve(file))
      .optional()
      .meta({
        title: 'path',
        description:
          'Where the audit trail goes, one JSON line per action; without it, into the log. The folder has to be writable.',
      }),
    sync: boolean
      .prefault(false)
      .meta({ description: 'Flush each line to the disk before the answer is sent.' }),
    required: boolean
      .prefault(false)
      .meta({ description: 'Fail control calls with 500 while the trail cannot be written.' }),
  });

  const brokerTls = z.strictObject({
    ca: contents
      .optional()
      .meta({ description: 'Certificate authorities to trust, PEM. Default: those of Node.js.' }),
    cert: contents.optional().meta({ description: 'Client certificate, PEM. With `key` or not at all.' }),
    key: contents.optional().meta({ description: 'Its private key, PEM, without a passphrase.' }),
    rejectUnauthorized: boolean
      .prefault(true)
      .meta({ description: '`false` accepts any certificate. For a test bench only.' }),
    servername: text.optional().meta({
      description: "The name that the broker's certificate must have, if it is not the one in the `url`.",
    }),
  });

  const reconnect = z
    .strictObject({
      minDelayMs: integer(1, LONGEST_TIMER_MS)
        .prefault(250)
        .meta({ description: 'The first pause, at most.' }),
      maxDelayMs: integer(1, LONGEST_TIMER_MS).prefault(30_000).meta({ description: 'The longest pause.' }),
    })
    .refine(({ minDelayMs, maxDelayMs }) => minDelayMs <= maxDelayMs, {
      path: ['minDelayMs'],
      message: 'must not be larger than maxDelayMs',
    });

  const broker = z
    .strictObject({
      id: id.meta({ description: 'Stands in the path. Unique in its project.' }),
      name: text.optional().meta({ description: 'For people. Default: the id.' }),
      url: brokerUrl.meta({ description: '`mqtt`, `mqtts`, `ws` or `wss`, without credentials.' }),
      protocolVersion: protocolVersion.prefault(5).meta({
        description:
          "5, or 4 for MQTT 3.1.1. With 5, refusals by the broker's ACL are seen instead of timing out.",
      }),
      clientIdPrefix: text.max(200, 'must be at most 200 characters').prefault('client-control').meta({
        description:
          "The control connection's client id begins like this; a part unique to the process follows.",
      }),
      username: text.optional().meta({
        description: 'The user that the broker lets publish to and subscribe to the control topics.',
      }),
      password: text.optional().meta({
        description: 'Its password, better not in the file: `${NAME}` takes it from the environment.',
      }),
      passwordFile: contents.optional().meta({
        description:
          'Instead of `password`: a file with the password and nothing else, such as a mounted secret. A line break at its end does not count.',
      }),
      tls: brokerTls.optional().meta({ description: 'Only with `mqtts` and `wss`.' }),
      requestTimeoutMs: integer(1, 3_600_000).prefault(5000).meta({
        description: "From a request's arrival to its answer, waiting included; then 504 `BROKER_TIMEOUT`.",
      }),
      connectTimeoutMs: integer(1, 3_600_000)
        .prefault(10_000)
        .meta({ description: 'Until the broker has accepted the connection.' }),
      keepaliveSeconds: integer(1, 65_535).prefault(30).meta({ description: 'MQTT keep-alive.' }),
      reconnect: reconnect.prefault({}).meta({
        description:
          'Pause before the next attempt to connect: doubles from the one to the other, with full jitter.',
      }),
      maxPending: integer(1, 1_000_000)
        .prefault(10_000)
        .meta({ description: 'Commands waiting or in flight; more answer 503 `BROKER_BUSY`.' }),
      maxBatch: integer(1, 10_000).prefault(100).meta({ description: 'Commands in one MQTT message.' }),
    })
    // What has no name is named after its id, and the password is one.
    .transform(({ passwordFile, ...rest }) => ({
      ...rest,
      name: rest.name ?? rest.id,
      password: rest.password ?? passwordFile?.replace(/\r?\n$/, ''),
    }));

  const project = z
    .strictObject({
      id: id.meta({ description: 'Stands in the path. Unique.' }),
      name: text.optional().meta({ description: 'For people. Default: the id.' }),
      brokers: z
        .array(broker, 'must be a list of brokers')
        .prefault([])
        .meta({ description: 'Its brokers.' }),
    })
    .transform((rest) => ({ ...rest, name: rest.name ?? rest.id }));

  return z.strictObject({
    http: http.prefault({}).meta({ description: 'The API that the service serves.' }),
    auth: z
      .strictObject({
        tokens: z
          .array(token, 'must be a list of tokens')
          .prefault([])
          .meta({ description: 'Opaque bearer tokens. `npm run token` makes one and prints these lines.' }),
        jwt: jwt
          .optional()
          .meta({ description: 'Signed tokens (JWT) of an identity provider, next to the opaque ones.' }),
      })
      .prefault({})
      .meta({ description: 'Who may do what.' }),
    rateLimit: rateLimit.prefault({}).meta({ description: 'How much a caller may ask.' }),
    audit: audit.prefault({}).meta({ description: 'Who did what to which client.' }),
    projects: z
      .array(project, 'must be a list of projects')
      .prefault([])
      .meta({ description: 'What the service controls.' }),
  });
}
