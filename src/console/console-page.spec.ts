import { describe, expect, it } from '@jest/globals';
import { consolePage, consolePolicy } from './console-page.js';

const INDEX =
  '<html><head><script type="module" src="./assets/a.js"></script></head><body data-x="./y"></body></html>';
const SIGN_IN = {
  issuer: 'https://id.example.com/realms/"<plant>',
  clientId: 'console',
  scope: 'openid',
  origins: ['https://auth.example.com/token', 'https://id.example.com'],
};

const page = (rest: string): string => consolePage(INDEX, rest, { version: '1.0.0', signIn: undefined });
const settingsOf = (html: string): unknown => {
  const [, content = ''] = /<meta name="client-control" content="([^"]*)">/.exec(html) ?? [];
  return JSON.parse(content.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&'));
};

describe('the page of the console', () => {
  it.each([
    ['', './assets/a.js', '../'],
    ['clients', './assets/a.js', '../'],
    ['clients/', '../assets/a.js', '../../'],
    ['clients/a%2Fb/c', '../../assets/a.js', '../../../'],
  ])('at "%s" finds its files and the service', (rest, file, root) => {
    const at = `https://ops.example.com/cc/console/${rest}`;
    expect(page(rest)).toContain(`src="${file}"`);
    expect(new URL(file, at).pathname).toBe('/cc/console/assets/a.js');
    expect(settingsOf(page(rest))).toMatchObject({ root });
    expect(new URL(root, at).pathname).toBe('/cc/');
  });

  it('leaves everything else as it was built', () => {
    expect(page('x/y')).toContain('data-x="./y"');
  });

  it('is told how people sign in, whatever characters that has', () => {
    const html = consolePage(INDEX, '', { version: '1.0.0', signIn: SIGN_IN });
    expect(settingsOf(html)).toEqual({ root: '../', version: '1.0.0', signIn: SIGN_IN });
  });
});

describe('the policy of the console', () => {
  it('allows its own service only', () => {
    expect(consolePolicy(undefined)['connect-src']).toEqual(["'self'"]);
  });

  it('allows the identity provider, by its origins, each once', () => {
    const { issuer: _, ...rest } = SIGN_IN;
    const policy = consolePolicy({ ...rest, issuer: 'https://id.example.com/realms/plant' });
    expect(policy['connect-src']).toEqual(["'self'", 'https://id.example.com', 'https://auth.example.com']);
  });
});
