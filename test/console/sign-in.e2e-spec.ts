import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { testConfig, TOKENS } from '../support/test-service.js';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';
import { CLIENT_ID, SignInProvider } from './support/sign-in-provider.js';

describe('signing in with the identity provider', () => {
  let provider: SignInProvider;
  let rig: ConsoleRig;
  let console: ConsolePage;
  beforeAll(async () => {
    provider = await SignInProvider.start();
    rig = await ConsoleRig.start('embedded', {
      auth: { jwt: provider.idp.config },
      config: { console: { signIn: { issuer: provider.issuer, clientId: CLIENT_ID } } },
    });
  }, 60_000);
  afterAll(async () => {
    await rig.stop();
    await provider.idp.stop();
  });
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    await console.close();
  });

  const open = async (path: string): Promise<void> => {
    console = await rig.open(path, { token: '', friends: [provider.issuer] });
  };
  const signIn = async (): Promise<void> => {
    await console.page.getByRole('button', { name: /^Sign in with 127\.0\.0\.1/ }).click();
    await console.page.getByRole('link', { name: 'Sign in as Ada' }).click();
  };

  it('leads there and back to the very address, with a code that proves who asked (PKCE), and stays over a reload', async () => {
    await open('projects/p/events?type=ban');
    await signIn();
    await console.page.getByRole('heading', { name: 'Events' }).waitFor();
    expect(console.page.url()).toBe(`${rig.service.url}/console/projects/p/events?type=ban`);
    await console.page.locator('summary').filter({ hasText: 'ada admin' }).waitFor();
    await console.page.reload();
    await console.page.getByRole('heading', { name: 'Events' }).waitFor();
  });

  it('offers no more than the role that the provider gives', async () => {
    provider.claims = { client_control: { p: 'viewer' } };
    await open('projects/p/bans');
    await signIn();
    await console.page.getByText('Nobody is kept out').waitFor();
    expect(await console.page.getByRole('button', { name: 'New ban…' }).count()).toBe(0);
    expect(await console.page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    provider.claims = { client_control: { '*': 'admin' } };
  });

  it('renews a token that is about to end, without asking', async () => {
    provider.expiresInSeconds = 10;
    await open('projects/p/brokers');
    await signIn();
    await console.page.getByRole('heading', { name: 'Brokers' }).waitFor();
    await until(() => provider.renewals >= 2, 'two renewals');
    expect(await console.page.getByRole('dialog').count()).toBe(0);
    provider.expiresInSeconds = 300;
  });

  it('stays signed out although a token was just being renewed', async () => {
    provider.expiresInSeconds = 10;
    await open('projects/p/brokers');
    await signIn();
    await console.page.getByRole('heading', { name: 'Brokers' }).waitFor();
    const before = provider.renewals;
    let goOn = (): void => undefined;
    provider.held = new Promise((resolve) => (goOn = resolve));
    await until(() => provider.renewals > before, 'a renewal is under way');
    await console.page.locator('summary').filter({ hasText: 'ada admin' }).click();
    await console.page.getByRole('button', { name: 'Sign out' }).click();
    const answered = console.page.waitForResponse((response) => response.url().endsWith('/token'));
    goOn();
    await (await answered).finished();
    provider.held = undefined;
    await console.page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');
    expect(await console.page.evaluate('sessionStorage.length')).toBe(0);
    await console.page.getByRole('button', { name: /^Sign in with / }).waitFor();
    provider.expiresInSeconds = 300;
  });

  it('asks again when the token is refused in the middle of work, and goes on where it was', async () => {
    provider.givesRefreshTokens = false;
    await open('projects/p/bans');
    await signIn();
    await console.page.getByText('Nobody is kept out').waitFor();
    const { config } = rig.service;
    const before = config.current;
    config.replace(testConfig({}));
    // The stream of events comes back, and is told; left alone, the service would look at its token in 15 s at the latest.
    rig.service.app.getHttpServer().closeAllConnections();
    await console.page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
    config.replace(before);
    await console.page
      .getByRole('dialog')
      .getByRole('button', { name: /^Sign in with / })
      .click();
    await console.page.getByRole('link', { name: 'Sign in as Ada' }).click();
    await console.page.getByText('Nobody is kept out').waitFor();
    expect(console.page.url()).toBe(`${rig.service.url}/console/projects/p/bans`);
  });

  /** Who is signed in, when a token of the provider's would have been renewed. */
  const expectToStay = async (name: string): Promise<void> => {
    const before = provider.renewals;
    // As if the time of what was given last by the provider were over.
    await console.page.evaluate(`{
      const kept = sessionStorage.getItem('client-control-renewal');
      if (kept !== null)
        sessionStorage.setItem('client-control-renewal', JSON.stringify({ ...JSON.parse(kept), expiresAt: 0 }));
    }`);
    // Every call waits for a renewal, that which asks who is signed in, too.
    await console.page.reload();
    await console.page.locator('summary').filter({ hasText: name }).waitFor();
    expect(provider.renewals).toBe(before);
  };

  it('stays with the token of a link, whoever was signed in before', async () => {
    provider.givesRefreshTokens = true;
    await open('projects/p/brokers');
    await signIn();
    await console.page.locator('summary').filter({ hasText: 'ada admin' }).waitFor();
    // Another page: not but the part of the address behind the "#" changes.
    await console.goto(`projects/p/events#token=${TOKENS.viewer}`);
    await expectToStay('viewer');
  });

  it('stays with the token that was given when the one before was refused', async () => {
    provider.givesRefreshTokens = true;
    await open('projects/p/brokers');
    await signIn();
    await console.page.locator('summary').filter({ hasText: 'ada admin' }).waitFor();
    const { config } = rig.service;
    const before = config.current;
    config.replace(testConfig({}));
    rig.service.app.getHttpServer().closeAllConnections();
    const dialog = console.page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.waitFor();
    config.replace(before);
    await dialog.getByLabel('Token').fill(TOKENS.viewer);
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await expectToStay('viewer');
  });

  it("says the provider's own words when it refuses", async () => {
    provider.refuses = true;
    await open('');
    await signIn();
    await console.page.getByText('Ada may not use this application').waitFor();
    expect(new URL(console.page.url()).search).toBe('');
    provider.refuses = false;
  });

  it('does not take a code that it did not ask for', async () => {
    await open('?code=stolen&state=made-up');
    await console.page.getByLabel('Token').waitFor();
    expect(console.page.url()).toBe(`${rig.service.url}/console/`);
    expect(await console.page.evaluate('sessionStorage.length')).toBe(0);
  });
});
