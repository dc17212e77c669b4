import { systemErrorCode } from '../../errors/system-error-code.js';
import { LOGIN_DENIED, reasonWords } from './reason-codes.js';

/** The kinds of a lost connection: the network, its encryption, a deadline, the broker's own word, or this service. */
export const LOSS_CAUSES = ['network', 'tls', 'timeout', 'broker', 'own'] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

/** The broker refused us, or somebody else has our place: the next attempt with these settings meets the same. */
export interface Denial {
  readonly kind: 'denied';
  /** `takeover`: another connection with the same client id takes this one's place again and again. */
  readonly what: 'login' | 'subscription' | 'takeover';
  readonly reasonCode: number;
  readonly message: string;
}

/** Why a connection ended or never came up. */
export type CloseReason =
  | Denial
  /** Another connection with the same client id took its place. */
  | { readonly kind: 'taken-over'; readonly message: string }
  | { readonly kind: 'lost'; readonly cause: LossCause; readonly message: string };

/** What to look at for errors of the system and of TLS, by their code. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: look at url, and whether the broker runs',
  ENOTFOUND: 'there is no such host: look at url',
  EAI_AGAIN: 'the name could not be looked up',
  CERT_HAS_EXPIRED: "the broker's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'look at tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'look at tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'look at tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'look at tls.ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'look at tls.servername',
};
const TLS_CODE = /^ERR_(TLS|SSL|OSSL)|CERT|SIGNATURE|ISSUER|^EPROTO$/;

/** The reason in an error of the MQTT client or the system; `reasonString` is what the broker said in its last packet. */
export function closeReasonOf(error: unknown, reasonString?: string): CloseReason {
  const reasonCode = reasonCodeOf(error);
  if (reasonCode !== undefined) {
    const message = `the broker refused the login, ${reasonWords(reasonCode, reasonString)}`;
    return LOGIN_DENIED.has(reasonCode)
      ? { kind: 'denied', what: 'login', reasonCode, message }
      : { kind: 'lost', cause: 'broker', message };
  }
  const code = codeOf(error);
  const hint = code === undefined ? undefined : HINTS[code];
  const message = hint === undefined ? messageOf(error) : `${messageOf(error)} (${hint})`;
  const isTls = code !== undefined && TLS_CODE.test(code);
  return { kind: 'lost', cause: isTls ? 'tls' : /timeout/i.test(message) ? 'timeout' : 'network', message };
}

/** The MQTT reason code that mqtt.js puts in `code`; system errors have a string there. */
export function reasonCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function codeOf(error: unknown): string | undefined {
  return systemErrorCode(error instanceof AggregateError ? (error.errors as unknown[])[0] : error);
}

/** Connecting to a name with several addresses fails with an AggregateError, whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
