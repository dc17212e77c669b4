import type { Role } from '../auth/role.js';

/** The service's whole configuration after validation: defaults filled in, environment substituted, files read. */
export interface Config {
  readonly http: HttpConfig;
  readonly auth: AuthConfig;
  readonly rateLimit: RateLimitConfig;
  readonly projects: readonly ProjectConfig[];
}

export interface HttpConfig {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Largest request body, bytes. */
  readonly bodyLimitBytes: number;
}

export interface AuthConfig {
  readonly tokens: readonly TokenConfig[];
  readonly jwt?: JwtConfig | undefined;
}

/** An opaque bearer token, known only by its SHA-256. */
export interface TokenConfig {
  readonly name: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly expiresAt?: Date | undefined;
  readonly grants: readonly Grant[];
}

/** What a caller may do: a role on a project (`*` is every project), on all of its brokers or only those listed. */
export interface Grant {
  readonly project: string;
  readonly role: Role;
  readonly brokers?: readonly string[] | undefined;
}

/** Tokens of an identity provider. */
export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** The claim that maps project ids (or `*`) to roles. */
  readonly grantsClaim: string;
}

export interface RateLimitConfig {
  /** Per credential; 0 turns the limit off. */
  readonly requestsPerMinute: number;
}

export interface ProjectConfig {
  readonly id: string;
  readonly name: string;
  readonly brokers: readonly BrokerConfig[];
}

export interface BrokerConfig {
  readonly id: string;
  readonly name: string;
  /** `mqtt`, `mqtts`, `ws` or `wss`; never holds credentials. */
  readonly url: string;
  /** 5, or 4 for MQTT 3.1.1. */
  readonly protocolVersion: 4 | 5;
  readonly clientIdPrefix: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsConfig | undefined;
  /** From the request's arrival to the answer, queueing included. */
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly keepaliveSeconds: number;
  readonly reconnect: ReconnectConfig;
  /** Commands waiting or in flight; more are refused. */
  readonly maxPending: number;
  /** Commands in one MQTT message. */
  readonly maxBatch: number;
}

/** PEM contents, read from the configured files. */
export interface TlsConfig {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string | undefined;
}

export interface ReconnectConfig {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}
