import { z } from 'zod';
import { boolean, httpUrl, text } from './fields.js';

const signIn = z.strictObject({
  issuer: httpUrl.meta({ description: 'The identity provider: the `issuer` of an entry of `auth.jwt`.' }),
  clientId: text.meta({
    description:
      'What the provider calls the page: a public client that may use the authorization code with PKCE, with the address of the page as redirect URI.',
  }),
  scope: text
    .prefault('openid')
    .meta({ description: 'What is asked for. With `offline_access`, some providers give a refresh token.' }),
  audience: text.optional().meta({
    description: 'Sent as `audience` along with the question, for providers that want to be told so.',
  }),
  origins: z.array(httpUrl, 'must be a list of origins').prefault([]).meta({
    description:
      "Where else than at the issuer's own origin the provider's token endpoint is. The page may call these.",
  }),
});

/** `console` of the configuration. */
export const consoleSchema = z.strictObject({
  enabled: boolean
    .prefault(true)
    .meta({ restart: true, description: '`false`: there is no page at `/console/`.' }),
  signIn: signIn.optional().meta({
    description:
      'Sign in with an identity provider (authorization code with PKCE). Without it, people paste a token.',
  }),
});
