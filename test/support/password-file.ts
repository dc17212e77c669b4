import { pbkdf2Sync, randomBytes } from 'node:crypto';

const ITERATIONS = 101;

/**
 * The text of a Mosquitto password file, as `mosquitto_passwd` of 2.0 writes it (PBKDF2 with SHA-512), which 2.1 reads
 * as well. With it a broker lets in who is listed with the right password, and with `allow_anonymous true` also who
 * gives no username.
 */
export function passwordFile(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([username, password]) => {
      const salt = randomBytes(12);
      const hash = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
      return `${username}:$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}\n`;
    })
    .join('');
}
