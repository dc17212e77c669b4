import { z } from 'zod';
import { ROLES } from '../../access/role.js';
import type { ConfigFiles } from '../config-files.js';
import { dateTime, httpUrl, id, integer, role, text } from './fields.js';
import { certificates } from './tls.js';

const ROLE_WORDS =
  '`viewer` reads; `editor` also disconnects, subscribes and unsubscribes; `admin` also subscribes to `$`-topics and reads the audit trail.';

const project = z
  .union([z.literal('*'), id], 'must be a project id or "*"')
  .meta({ title: 'id or *', description: "A project's id, or `*` for all of them." });
const brokers = z
  .array(id, 'must be a list of broker ids')
  .min(1, 'must not be empty')
  .optional()
  .meta({ description: 'Only on these brokers of the project.' });

const grant = z.strictObject({ project, role: role.meta({ description: ROLE_WORDS }), brokers });

const token = z.strictObject({
  name: text.meta({ description: 'Who it is, in the log and in the audit trail. Unique.' }),
  sha256: z
    .string('must be a string')
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .transform((hex) => hex.toLowerCase())
    .meta({ title: '64 hex digits', description: 'SHA-256 of the token. Only this is kept.' }),
  expiresAt: dateTime.optional().meta({ description: 'Not accepted from then on.' }),
  requestsPerMinute: integer(0, 1_000_000_000).optional().meta({
    description:
      "This token's own limit; 0 turns it off for the token. Default: `rateLimit.requestsPerMinute`.",
  }),
  grants: z
    .array(grant, 'must be a list of grants')
    .meta({ description: 'What it may do. Nothing that is not granted is allowed.' }),
});

/** Where a claim stands in a token: its name, or the steps to it. Comes out as a list of steps. */
const claimPath = z
  .union(
    [text, z.array(text).min(1, 'must not be empty')],
    'must be the name of a claim, or a list of steps to it',
  )
  .transform((path) => (typeof path === 'string' ? [path] : path))
  .meta({ title: 'name, or list of steps' });

const pattern = text.superRefine((value, context) => {
  try {
    new RegExp(value, 'u');
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a regular expression' });
  }
});

/** Turns what an identity provider says of somebody into grants. */
const grantMapping = z
  .strictObject({
    claim: claimPath.meta({
      description:
        'The claim to look at: text, or a list of texts of which each is looked at. `[realm_access, roles]` is `roles` inside of `realm_access`.',
    }),
    value: text.optional().meta({ description: 'What it has to say, exactly. This or `pattern`.' }),
    pattern: pattern.optional().meta({
      description:
        "A regular expression that it has to match. Its groups `(?<project>…)`, `(?<role>…)` and `(?<broker>…)` become the grant's.",
    }),
    project: project.optional().meta({
      title: 'id or *',
      description: 'The project that is granted, if no group of `pattern` names it.',
    }),
    role: role
      .optional()
      .meta({ description: 'The role that is granted, if no group of `pattern` names it.' }),
    brokers,
  })
  .superRefine((mapping, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const { value, pattern: expression } = mapping;
    if ((value === undefined) === (expression === undefined))
      issue('value', 'either value or pattern is required');
    for (const key of ['project', 'role'] as const) {
      const isNamed = expression?.includes(`(?<${key}>`) === true;
      if (isNamed && mapping[key] !== undefined) issue(key, `is already a group of the pattern`);
      if (!isNamed && mapping[key] === undefined)
        issue(
          key,
          expression === undefined ? 'is required' : `is required, here or as a group of the pattern`,
        );
    }
    if (mapping.brokers !== undefined && expression?.includes('(?<broker>') === true)
      issue('brokers', 'is already a group of the pattern');
  });

const jwt = (files: ConfigFiles) =>
  z
    .strictObject({
      issuer: text.meta({ description: "Must be the token's `iss`. Unique." }),
      audience: text.meta({ description: "Must be in the token's `aud`." }),
      jwksUri: httpUrl.meta({ description: 'Where the provider publishes its keys.' }),
      ca: certificates(files).optional().meta({
        description: 'Certificate authorities to trust for `jwksUri`, PEM. Default: those of Node.js.',
      }),
      nameClaim: claimPath.prefault('sub').meta({
        description: 'The claim with the name for the log and the audit trail. Where it is missing: `sub`.',
      }),
      staleKeysMinutes: integer(0, 10_080).prefault(60).meta({
        description: 'How long known keys serve while the provider cannot be reached.',
      }),
      grantsClaim: text.optional().meta({
        description: 'The claim with an object that maps project ids (or `*`) to roles.',
      }),
      grants: z
        .array(grantMapping, 'must be a list of mappings')
        .prefault([])
        .meta({
          description: `Which claims make which grants, beside \`grantsClaim\`. One of the two is required. Roles are ${ROLES.join(', ')}.`,
        }),
    })
    .refine(({ grantsClaim, grants }) => grantsClaim !== undefined || grants.length > 0, {
      path: ['grantsClaim'],
      message: 'grantsClaim or grants is required, or no token could do anything',
    });

/** `auth` of the configuration. */
export function authSchema(files: ConfigFiles) {
  const provider = jwt(files);
  return z.strictObject({
    tokens: z
      .array(token, 'must be a list of tokens')
      .prefault([])
      .meta({ description: 'Opaque bearer tokens. `npm run token` makes one and prints these lines.' }),
    jwt: z
      .union([provider.transform((one) => [one]), z.array(provider)])
      .prefault([])
      .meta({
        description:
          'Signed tokens (JWT) of identity providers, next to the opaque ones: one provider or a list.',
      }),
  });
}
