import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { contentsOfFile, text } from './fields.js';
import { clientTls } from './tls.js';

/**
 * The address of a store, credentials in it or not. A password with `#`, `/` or `?` breaks a URL, and `%` what is read
 * from it: that is said here, where the key is known.
 */
export function storeUrl(schemes: readonly string[]) {
  const beginnings = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return text
    .superRefine((value, context) => {
      const issue = (message: string) => context.addIssue({ code: 'custom', message });
      if (!schemes.some((scheme) => value.startsWith(`${scheme}://`))) issue(`must begin with ${beginnings}`);
      else if (!isReadable(value))
        issue(
          'cannot be read as a URL; a password with special characters belongs into the keys password or passwordFile, or percent-encoded',
        );
    })
    .meta({ title: 'URL' });
}

function isReadable(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { hostname, username, password, pathname, search, hash } = new URL(value);
  // An @ behind the host is a part of a password that a / or ? or # cut off.
  if (hostname === '' || `${pathname}${search}${hash}`.includes('@')) return false;
  return [username, password, pathname].every(isDecodable);
}

function isDecodable(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}

/** Keys that every store has: its address, credentials beside it, TLS. */
export function storeFields(files: ConfigFiles, schemes: readonly string[]) {
  const contents = contentsOfFile(files);
  return {
    url: storeUrl(schemes).meta({
      description: 'Its address. Better without credentials: they have keys of their own.',
    }),
    username: text.optional().meta({ description: 'The user to log in as.' }),
    password: text.optional().meta({ description: 'Its password, whatever characters are in it.' }),
    passwordFile: contents
      .optional()
      .meta({ description: 'Instead of `password`: a file with nothing else in it.' }),
    tls: clientTls(files)
      .optional()
      .meta({ seeAlso: 'projects[].brokers[].tls', description: 'The keys of `tls` of a broker.' }),
  };
}

interface Credentials {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** Reports credentials that are given twice. */
export function oneOfEach(
  { url, username, password, passwordFile }: Credentials,
  context: z.RefinementCtx,
): void {
  const issue = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (password !== undefined && passwordFile !== undefined)
    issue('passwordFile', 'cannot be combined with password');
  const inUrl = URL.canParse(url) ? new URL(url) : undefined;
  if (username !== undefined && inUrl?.username) issue('username', 'stands in the url, too');
  if ((password ?? passwordFile) !== undefined && inUrl?.password)
    issue(password === undefined ? 'passwordFile' : 'password', 'stands in the url, too');
}

/** The password, wherever it came from; a line break at the end of its file does not count. */
export function withPassword<T extends { password?: string | undefined; passwordFile?: string | undefined }>(
  keys: T,
): Omit<T, 'passwordFile'> {
  const { passwordFile, ...rest } = keys;
  return { ...rest, password: keys.password ?? passwordFile?.replace(/\r?\n$/, '') };
}
