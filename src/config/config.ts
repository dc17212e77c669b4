import type { z } from 'zod';
import type { configSchema } from './schema/config.schema.js';

/** A value that nobody changes, at any depth. */
type Immutable<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Immutable<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Immutable<T[Key]> }
      : T;

/**
 * The service's whole configuration after validation: defaults filled in, environment substituted, files read. What its
 * keys mean stands in the schema.
 */
export type Config = Immutable<z.output<ReturnType<typeof configSchema>>>;

export type HttpConfig = Config['http'];
/** PEM contents, read from the configured files. */
export type HttpTlsConfig = NonNullable<HttpConfig['tls']>;
export type AuthConfig = Config['auth'];
/** An opaque bearer token, known only by its SHA-256 (in lower case). */
export type TokenConfig = AuthConfig['tokens'][number];
/** Tokens of an identity provider. */
export type JwtConfig = AuthConfig['jwt'][number];
export type RateLimitConfig = Config['rateLimit'];
export type AuditConfig = Config['audit'];
/** The operator's web page. */
export type ConsoleConfig = Config['console'];
export type ProjectConfig = Config['projects'][number];
/** A broker. Its password may come from `passwordFile`, its name from its id. */
export type BrokerConfig = ProjectConfig['brokers'][number];
