import { describe, expect, it } from '@jest/globals';
import { closeReasonOf } from './close-reason.js';
import { reasonWords } from './reason-codes.js';

const refused = (code: number): Error => Object.assign(new Error('Connection refused'), { code });

describe('reasonWords', () => {
  // MQTT 3.1.1 section 3.2.2.3 and MQTT 5 section 2.4.
  const codes = [1, 2, 3, 4, 5, ...Array.from({ length: 0xa3 - 0x80 }, (_, i) => 0x80 + i)];

  it.each(codes)('has words for 0x%s', (code) => {
    expect(reasonWords(code)).not.toContain('does not define');
  });

  it('adds what the broker says itself', () => {
    expect(reasonWords(0x89, 'try tomorrow')).toBe(
      'reason 0x89 (server busy; the broker says "try tomorrow")',
    );
  });
});

describe('closeReasonOf', () => {
  it('tells a refusal that stays from one that passes', () => {
    expect(closeReasonOf(refused(0x86))).toMatchObject({ kind: 'denied', what: 'login', reasonCode: 0x86 });
    expect(closeReasonOf(refused(0x88))).toMatchObject({ kind: 'lost', cause: 'broker' });
  });

  it('names what to look at for errors of the system and of TLS', () => {
    const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
    expect(closeReasonOf(expired)).toMatchObject({ kind: 'lost', cause: 'tls' });
    const nobody = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(closeReasonOf(new AggregateError([nobody, nobody]))).toMatchObject({
      cause: 'network',
      message: expect.stringContaining('nothing listens there'),
    });
  });
});
