import type { Grant } from '../access/caller.js';

/** The service's whole configuration after validation: defaults filled in, environment substituted, files read. */
export interface Config {
  readonly http: HttpConfig;
  readonly auth: AuthConfig;
  readonly rateLimit: RateLimitConfig;
  readonly audit: AuditConfig;
  readonly projects: readonly ProjectConfig[];
}

export interface HttpConfig {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Largest request body, bytes. */
  readonly bodyLimitBytes: number;
  /** Whose `X-Forwarded-For` to believe: nobody's (false), everybody's (true), or that of proxies at these addresses or networks. */
  readonly trustProxy: boolean | readonly string[];
  /** Origins whose pages may call the API; empty means no CORS headers at all. */
  readonly corsOrigins: readonly string[];
  /** HTTPS instead of HTTP. */
  readonly tls?: HttpTlsConfig | undefined;
}

/** PEM contents, read from the configured files. */
export interface HttpTlsConfig {
  readonly cert: string;
  readonly key: string;
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
  /** Requests without an accepted credential, per address; 0 turns the limit off. */
  readonly unauthenticatedPerMinute: number;
  /** Redis or Valkey, so that replicas count together; in memory without it. */
  readonly redisUrl?: string | undefined;
}

export interface AuditConfig {
  /** Where the audit trail goes; the log without it. */
  readonly file?: string | undefined;
  /** Flush each line to the disk before the answer is sent. */
  readonly sync: boolean;
  /** Fail control requests that cannot be audited. */
  readonly required: boolean;
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
