/** What a reason code means, and the setting to look at where there is one. */
interface ReasonWords {
  readonly words: string;
  readonly look?: string;
}

const PROTOCOL_VERSION = 'protocolVersion: the broker may speak only the other one of 4 and 5';
const CREDENTIALS = 'username and password';
const PERMISSION = "username and password, and what the broker's access rules allow this user";
const CLIENT_ID = 'clientIdPrefix';
const PACKET_SIZE = "the broker's packet size limit, and maxBatch";
const QOS = "the broker's max_qos";

/**
 * Every reason code that a broker can send to a client. 1 to 5 are MQTT 3.1.1's CONNACK codes (section 3.2.2.3), the
 * others MQTT 5's (section 2.4).
 */
const REASONS: Readonly<Record<number, ReasonWords>> = {
  0x00: { words: 'normal disconnection' },
  0x01: { words: 'unacceptable protocol version', look: PROTOCOL_VERSION },
  0x02: {
    words: 'client id rejected',
    look: `${CLIENT_ID}, and keepaliveSeconds: Mosquitto answers so too when it is above its max_keepalive`,
  },
  0x03: { words: 'server unavailable', look: "the broker's limit of connections" },
  0x04: { words: 'bad user name or password', look: CREDENTIALS },
  0x05: { words: 'not authorized', look: PERMISSION },
  0x80: { words: 'unspecified error', look: "the broker's log and its access rules" },
  0x81: { words: 'malformed packet' },
  0x82: { words: 'protocol error' },
  0x83: { words: 'implementation specific error', look: "the broker's log" },
  0x84: { words: 'unsupported protocol version', look: PROTOCOL_VERSION },
  0x85: { words: 'client id not valid', look: CLIENT_ID },
  0x86: { words: 'bad user name or password', look: CREDENTIALS },
  0x87: { words: 'not authorized', look: PERMISSION },
  0x88: { words: 'server unavailable', look: "the broker's limit of connections" },
  0x89: { words: 'server busy' },
  0x8a: { words: 'banned', look: "the broker's bans" },
  0x8b: { words: 'server shutting down' },
  0x8c: { words: 'bad authentication method' },
  0x8d: { words: 'keep alive timeout', look: 'keepaliveSeconds' },
  0x8e: {
    words: 'session taken over by another connection with the same client id',
    look: "the broker's use_username_as_clientid: with it each replica and each project needs a user name of its own",
  },
  0x8f: { words: 'topic filter not valid' },
  0x90: {
    words: 'topic name not valid',
    look: "the broker's mount_point: control topics do not work behind one",
  },
  0x91: { words: 'packet identifier in use' },
  0x92: { words: 'packet identifier not found' },
  0x93: { words: 'receive maximum exceeded' },
  0x94: { words: 'topic alias not valid' },
  0x95: { words: 'packet too large', look: PACKET_SIZE },
  0x96: { words: 'message rate too high', look: "the broker's rate limits" },
  0x97: { words: 'quota exceeded', look: "the broker's quotas" },
  0x98: { words: 'administrative action: somebody disconnected this connection' },
  0x99: { words: 'payload format not valid' },
  0x9a: { words: 'retain not supported' },
  0x9b: { words: 'QoS not supported', look: QOS },
  0x9c: { words: 'use another server', look: 'url' },
  0x9d: { words: 'server moved', look: 'url' },
  0x9e: { words: 'shared subscriptions not supported' },
  0x9f: { words: 'connection rate exceeded', look: 'reconnect.minDelayMs' },
  0xa0: { words: 'maximum connect time' },
  0xa1: { words: 'subscription identifiers not supported' },
  0xa2: { words: 'wildcard subscriptions not supported' },
};

/** MQTT 5: another connection has the client id. */
export const SESSION_TAKEN_OVER = 0x8e;
/** MQTT 5: what a client may not do. */
export const NOT_AUTHORIZED = 0x87;
/** Reason codes from here on are failures; also MQTT 3.1.1's one SUBACK code of refusal. */
export const FAILURE = 0x80;

/** CONNACK codes that a later attempt with the same settings will meet again. */
export const LOGIN_DENIED: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x04, 0x05, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c,
]);

/**
 * Says a reason code in words: `reason 0x87 (not authorized; look at …)`.
 *
 * @param reasonString what the broker itself says to it
 */
export function reasonWords(reasonCode: number, reasonString?: string): string {
  const reason = REASONS[reasonCode];
  const parts = [
    reason?.words ?? 'a code that MQTT does not define',
    ...(reasonString === undefined || reasonString === '' ? [] : [`the broker says "${reasonString}"`]),
    ...(reason?.look === undefined ? [] : [`look at ${reason.look}`]),
  ];
  return `reason ${hex(reasonCode)} (${parts.join('; ')})`;
}

function hex(reasonCode: number): string {
  return `0x${reasonCode.toString(16).padStart(2, '0')}`;
}
