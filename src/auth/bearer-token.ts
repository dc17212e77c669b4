/** What an `Authorization` header holds. */
export type BearerToken =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }
  /** Three base64url parts: a JSON Web Token. */
  | { readonly kind: 'jwt'; readonly token: string }
  | { readonly kind: 'opaque'; readonly token: string };

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Reads an `Authorization` header. Source: RFC 6750 section 2.1, RFC 7519 section 3. */
export function readBearerToken(header: string | undefined): BearerToken {
  if (header === undefined || header === '') return { kind: 'missing' };
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) return { kind: 'malformed' };
  return JWT.test(token) ? { kind: 'jwt', token } : { kind: 'opaque', token };
}
