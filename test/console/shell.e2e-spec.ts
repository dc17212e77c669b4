import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Locator } from 'playwright-core';
import { freePort } from '../support/free-port.js';
import { TcpSwitch } from '../support/tcp-switch.js';
import { TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';

const PAGES = ['brokers', 'clients', 'clients?open=p/b/sensor-1', 'bans', 'standing', 'audit', 'events'];

/** A reverse proxy that serves the service below `/cc/`, as ingresses do. */
async function startProxy(target: string): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url?.startsWith('/cc/') === true ? incoming.url.slice(3) : undefined;
    if (path === undefined) return outgoing.writeHead(404).end();
    const { method, headers } = incoming;
    const onward = httpRequest(`${target}${path}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    return incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('the console in a browser', () => {
  let rig: ConsoleRig;
  let console: ConsolePage;
  beforeAll(async () => {
    // A second broker that is down: what the others say is shown all the same.
    const down = { id: 'down', url: `mqtt://127.0.0.1:${await freePort()}` };
    rig = await ConsoleRig.start('embedded', { brokers: [down] });
    const device = await rig.device('sensor-1');
    await device.mqtt.subscribeAsync('devices/sensor-1/commands');
    const broker = '/api/projects/p/brokers/b';
    await rig.service.request('POST', `${broker}/bans`, {
      token: TOKENS.admin,
      body: { as: 'username', who: 'x', until: null },
    });
    await rig.service.request('PUT', `${broker}/standing-subscriptions/commands`, {
      token: TOKENS.admin,
      body: { select: { clientid: 'sensor-*' }, topic: 'cmd/${clientid}' },
    });
  }, 60_000);
  afterAll(() => rig.stop());
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    await console.close();
  });

  const open = async (path: string, token: string = TOKENS.admin): Promise<void> => {
    console = await rig.open(`projects/p/${path}`, { token });
  };
  const button = (name: string | RegExp, within?: Locator): Locator =>
    (within ?? console.page).getByRole('button', { name, exact: typeof name === 'string' });
  const dialog = (): Locator => console.page.getByRole('dialog');

  it('signs in with the token of the address, which is in the address no longer', async () => {
    console = await rig.open();
    await console.page.getByRole('navigation').getByText('Brokers').waitFor();
    expect(new URL(console.page.url()).hash).toBe('');
    expect(console.page.url()).toBe(`${rig.service.url}/console/projects/p/brokers`);
  });

  it('signs in with such an address in a tab that shows it already, as somebody else, too', async () => {
    console = await rig.open('', { token: '' });
    const { page } = console;
    await page.getByLabel('Token').waitFor();
    await page.evaluate(`location.hash = 'token=${TOKENS.viewer}'`);
    await page.getByRole('navigation').getByText('Brokers').waitFor();
    await page.locator('summary').filter({ hasText: 'viewer' }).waitFor();
    expect(new URL(page.url()).hash).toBe('');
    await page.evaluate(`location.hash = 'token=${TOKENS.admin}'`);
    await page.locator('summary').filter({ hasText: 'admin' }).waitFor();
    expect(new URL(page.url()).hash).toBe('');
  });

  it('asks for a token, says why one is refused, and stays signed in over a reload', async () => {
    console = await rig.open('', { token: '' });
    const { page } = console;
    await page.getByLabel('Token').fill('nonsense');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').first().waitFor();
    await page.getByLabel('Token').fill('admin-token-of-the-tests');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation').waitFor();
    await page.reload();
    await page.getByRole('navigation').waitFor();
  });

  it('works behind a path prefix, at any depth, and over a reload', async () => {
    const proxy = await startProxy(rig.service.url);
    try {
      const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/cc`;
      console = await rig.open('', { at });
      const { page } = console;
      await page.getByRole('navigation').getByText('Clients').click();
      await page.waitForURL(`${at}/console/projects/p/clients`);
      await page.reload();
      await page.getByRole('navigation').waitFor();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it('can be used by everybody, as axe-core sees it: each page, light and dark, from 360 pixels', async () => {
    await open('brokers');
    const problems: Record<string, string[]> = {};
    for (const path of PAGES) {
      await console.goto(`projects/p/${path}`);
      await console.page.getByRole('heading', { level: 1 }).first().waitFor();
      await console.page.getByLabel('Loading').first().waitFor({ state: 'detached' });
      problems[path] = await console.problemsInEveryLook();
    }
    expect(problems).toEqual(Object.fromEntries(PAGES.map((path) => [path, []])));
  }, 120_000);

  it('can be used by everybody, as axe-core sees it: each dialog, light and dark, from 360 pixels', async () => {
    await rig.service.control('disconnect', { clientid: 'nobody' });
    /** How to come to each: the page, what is chosen on it, what is pressed one after the other. */
    const dialogs: readonly (readonly [
      path: string,
      choose: string | undefined,
      ...press: (string | RegExp)[],
    ])[] = [
      ['bans', undefined, 'New ban…'],
      ['bans', undefined, 'Lift…'],
      ['standing', undefined, 'New standing subscription…'],
      ['standing', undefined, 'Lift…'],
      ['clients?open=p/b/sensor-1', undefined, 'Disconnect…'],
      ['clients?broker=b', 'Choose sensor-1', /^Disconnect…/],
      ['clients?broker=b', 'Choose sensor-1', /^Subscribe…/],
      ['clients?broker=b', 'Choose sensor-1', /^Move…/],
      ['clients?broker=b', 'Choose sensor-1', /^Ban…/, 'See whom it concerns'],
    ];
    await open('brokers');
    const problems: Record<string, string[]> = {};
    const look = async (name: string): Promise<void> => {
      await dialog().waitFor();
      problems[name] = await console.problemsInEveryLook('dialog');
      await console.page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
    };
    let at = '';
    for (const [path, choose, ...press] of dialogs) {
      if (path !== at) await console.goto(`projects/p/${path}`);
      at = path;
      if (choose !== undefined)
        await console.page.getByRole('checkbox', { name: choose, exact: true }).check();
      for (const name of press) await button(name).first().click();
      await look(`${path} ${press.join(' ')}`);
    }
    await console.goto('projects/p/audit?clientid=nobody');
    await console.page.getByRole('grid').getByText('nobody').first().click();
    await look('a record');
    await console.goto('projects/p/brokers');
    await console.page.getByRole('heading', { name: 'Brokers' }).waitFor();
    await console.page.keyboard.press('?');
    await look('keys');
    expect(problems).toEqual(Object.fromEntries(Object.keys(problems).map((name) => [name, []])));
  }, 120_000);

  it.each(['bans', 'standing'])(
    '%s: names the broker that did not answer, and shows what the others said',
    async (path) => {
      await open(path);
      await console.page.getByText('down did not answer').waitFor();
      await console.page.getByRole('row').nth(1).waitFor();
    },
  );

  it('says what is wrong with a ban in the words of the API, and loses nothing that was typed', async () => {
    await open('bans');
    await button('New ban…').click();
    await dialog().getByLabel('By').selectOption('address');
    await dialog().getByLabel('Who').fill('10.0.0.0/99');
    await button('Ban', dialog()).click();
    await dialog().locator('.complaint').waitFor();
    await dialog().getByLabel('Who').fill('0.0.0.0/0');
    await button('Ban', dialog()).click();
    await dialog().getByText('The ban would keep everybody out').waitFor();
    expect(await dialog().getByLabel('Who').inputValue()).toBe('0.0.0.0/0');
  });

  it('the trail is narrowed by the address, and a record opens to its call and its items', async () => {
    const device = await rig.device('item-1');
    const operations = ['item-1', 'nobody'].map((clientid) => ({ action: 'disconnect', clientid }));
    const path = '/api/projects/p/brokers/b/client-control/bulk';
    const { headers } = await rig.service.request('POST', path, {
      body: { operations, reason: 'ticket 4711' },
      token: TOKENS.editor,
    });
    await open('audit?action=bulk&caller=editor');
    const row = console.page.getByRole('row').filter({ hasText: 'ticket 4711' });
    await row.getByText('editor', { exact: true }).click();
    await dialog().getByText('2 items').waitFor();
    await dialog().getByText('CLIENT_NOT_FOUND').waitFor();
    expect(new URL(console.page.url()).searchParams.get('record')).toBe(headers.get('x-request-id'));
    // The address is enough for somebody else to see the same.
    await console.page.reload();
    await dialog().getByText('2 items').waitFor();
    await button('Close', dialog()).click();
    await console.page.getByLabel('client id').fill('item-1');
    await console.page.keyboard.press('Enter');
    await console.page.getByText('No such record').waitFor();
    expect(console.page.url()).toContain('clientid=item-1');
    await device.end();
  });

  it('a viewer is offered nothing that would be refused', async () => {
    await open('bans', TOKENS.viewer);
    await console.page.getByRole('heading', { name: 'Bans' }).waitFor();
    expect(await button('New ban…').count()).toBe(0);
    expect(await console.page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    await console.goto('projects/p/clients?open=p/b/sensor-1');
    const drawer = console.page.getByRole('complementary', { name: 'Client sensor-1' });
    await drawer.getByText('connected, since').waitFor();
    expect(await button(/Disconnect|Ban|Remove|Subscribe/, drawer).count()).toBe(0);
    expect(await drawer.getByText('What was done to it').count()).toBe(0);
  });

  it('a token that expires in the middle of work is asked for again, and nothing that was typed is lost', async () => {
    await open('bans');
    await button('New ban…').click();
    await dialog().getByLabel('Who').fill('typed-already');
    const { config } = rig.service;
    const before = config.current;
    const tokens = before.auth.tokens.map((token) => ({ ...token, expiresAt: new Date(0) }));
    config.replace({ ...before, auth: { ...before.auth, tokens } });
    await button('Ban', dialog()).click();
    const again = console.page.getByRole('dialog', { name: 'Sign in again' });
    await again.waitFor();
    config.replace(before);
    await again.getByLabel('Token').fill(TOKENS.admin);
    await button('Sign in', again).click();
    await again.waitFor({ state: 'detached' });
    expect(await dialog().getByLabel('Who').inputValue()).toBe('typed-already');
    await until(
      async () => (await console.page.getByText('live', { exact: true }).count()) > 0,
      'live again',
    );
  });

  it('events: a stream that breaks comes back by itself, and the log says both', async () => {
    const way = await TcpSwitch.start(Number(new URL(rig.service.url).port));
    try {
      const at = `http://127.0.0.1:${way.port}`;
      console = await rig.open('projects/p/events', { at });
      const log = console.page.getByRole('grid');
      await rig.eventsArrive(console);
      way.switchTo(await freePort());
      way.breakAll();
      await log.getByText('The connection to the service was lost. Trying again.').waitFor();
      const missed = await rig.device('came-meanwhile');
      way.switchTo(Number(new URL(rig.service.url).port));
      await log.getByText(/^Connected again/).waitFor();
      // What happened in between is told afterwards, or that something was missed.
      await log
        .getByText(/came-meanwhile|missed/)
        .first()
        .waitFor();
      const after = await rig.device('came-after');
      await log.getByText('came-after').first().waitFor();
      await Promise.all([missed.end(), after.end()]);
    } finally {
      await way.stop();
    }
  });
});
