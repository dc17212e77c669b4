import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { DEVICE_LOGIN } from '../support/control-brokers.js';
import type { Device } from '../support/device.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';

let rig: ConsoleRig;
let console: ConsolePage;
const devices: Device[] = [];

const row = (text: string): Locator => console.page.getByRole('row').filter({ hasText: text });
const button = (name: string | RegExp): Locator => console.page.getByRole('button', { name });

async function device(id: string): Promise<Device> {
  const connected = await rig.device(id, DEVICE_LOGIN);
  devices.push(connected);
  return connected;
}

/** Opens the list and ticks some of it. */
async function choose(query: string, ...ids: readonly string[]): Promise<void> {
  console = await rig.open(`projects/p/clients?broker=b&${query}`);
  for (const id of ids)
    await console.page.getByRole('checkbox', { name: `Choose ${id}`, exact: true }).check();
}

async function chooseAllListed(): Promise<void> {
  await console.page.getByRole('checkbox', { name: 'Choose all that are listed' }).check();
}

/** Says what, sees whom it concerns, and does it. */
async function act(verb: string, form: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  await button(new RegExp(`^${verb}…`)).click();
  await form();
  await console.page.getByLabel('Reason, for the audit trail').fill('a trial');
  await button('See whom it concerns').click();
  await button(new RegExp(`^${verb} \\d+ clients?$`)).click();
  await console.page.waitForURL(/\/call\?id=/);
}

function api(method: string, path: string, body?: object): Promise<Answer> {
  return rig.service.request(method, `/api/projects/p/brokers/b/${path}`, { token: TOKENS.admin, body });
}

async function endDevices(): Promise<void> {
  await Promise.all(devices.splice(0).map((each) => each.end()));
}

describe.each(['embedded', 'mosquitto'] as const)('acting on clients in a browser, on %s', (kind) => {
  beforeAll(async () => {
    rig = await ConsoleRig.start(kind);
  }, 120_000);
  afterAll(() => rig.stop());
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    if (kind === 'embedded') expect(await console.accessibilityProblems()).toEqual([]);
    await console.close();
    await endDevices();
  });

  it('disconnects the ticked and nobody else', async () => {
    const [first, second, third] = await Promise.all(['d-1', 'd-2', 'd-3'].map(device));
    await choose('clientid=d-*', 'd-1', 'd-2');
    await act('Disconnect');
    await Promise.all([first?.closed, second?.closed]);
    await console.page.getByText(/all done in/).waitFor();
    expect(await row('d-1').innerText()).toContain('disconnected');
    expect(third?.mqtt.connected).toBe(true);
    if (rig.broker.protocolVersion === 5) expect(first?.disconnectReason).toBe(0x98);
  });

  it('subscribes with the options of the API, moves, and unsubscribes', async () => {
    const listener = await device('s-1');
    await choose('clientid=s-*', 's-1');
    await act('Subscribe', async () => {
      await console.page.getByLabel('Topic filter').fill('old/${clientid}');
      await console.page.getByLabel('QoS').selectOption('1');
    });
    await console.page.getByText(/all done in/).waitFor();
    const sender = await device('sender');
    await sender.publish('old/s-1', 'first');
    expect((await listener.message('first')).qos).toBe(1);
    await console.close();

    await choose('clientid=s-*', 's-1');
    await act('Move', async () => {
      await console.page.getByLabel('From the topic filter').fill('old/${clientid}');
      await console.page.getByLabel('To the topic filter').fill('new/${clientid}');
    });
    await console.page.getByText(/all done in/).waitFor();
    await sender.publish('old/s-1', 'gone');
    await sender.publish('new/s-1', 'second');
    await listener.message('second');
    await console.close();

    await choose('clientid=s-*', 's-1');
    await act('Unsubscribe', () => console.page.getByLabel('Topic filter').fill('new/${clientid}'));
    await console.page.getByText(/all done in/).waitFor();
    await sender.publish('new/s-1', 'too late');
    await sender.publish('new/s-1', 'too late again');
    expect(listener.messages.map(({ payload }) => payload)).toEqual(['first', 'second']);
  });

  it('says that a client came back, bans it, and it is refused until the ban is lifted', async () => {
    const stubborn = await device('b-1');
    await choose('clientid=b-1', 'b-1');
    await console.page.getByRole('banner').getByText('live', { exact: true }).waitFor();
    await act('Disconnect');
    await stubborn.closed;
    const again = await device('b-1');
    await console.page.getByText(/came back after \d+\.\d s/).waitFor();
    await button('ban it?').click();
    await button('See whom it concerns').click();
    await button('Ban 1 client').click();
    await again.closed;
    await console.page.getByText('banned', { exact: true }).waitFor();
    await expect(rig.device('b-1', DEVICE_LOGIN)).rejects.toThrow();
    expect((await api('DELETE', 'bans?as=clientid&who=b-1')).status).toBe(204);
    await device('b-1');
  });
});

describe('acting on clients in a browser', () => {
  let slow: ScriptedBroker;

  beforeAll(async () => {
    slow = await ScriptedBroker.start();
    slow.script = ({ commands, reply, succeed }) => {
      if (commands[0]?.command !== 'listClients') {
        setTimeout(succeed, 20);
        return;
      }
      const clients = Array.from({ length: 300 }, (_, index) => ({
        clientid: `slow-${index}`,
        connected: true,
      }));
      reply({
        responses: commands.map(({ command, correlationData, offset }) => ({
          command,
          correlationData,
          data: { totalCount: 300, clients: offset === 0 ? clients : [] },
        })),
      });
    };
    rig = await ConsoleRig.start('embedded', {
      brokers: [{ id: 'pro', name: 'Pro', url: slow.url, protocolVersion: 4 }],
    });
    await rig.service.brokerState('pro');
  }, 90_000);
  afterAll(async () => {
    await rig.stop();
    await slow.stop();
  });
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    expect(await console.accessibilityProblems()).toEqual([]);
    await console.close();
    await endDevices();
  });

  it('disconnects all that match, after their number was typed, and the result can be shared and saved', async () => {
    const many = await Promise.all(Array.from({ length: 101 }, (_, index) => device(`many-${index}`)));
    await choose('clientid=many-*&connected=true');
    const { page } = console;
    await row('many-100')
      .or(page.getByText('101', { exact: true }))
      .first()
      .waitFor();
    await chooseAllListed();
    await button('Disconnect…').click();
    await button('See whom it concerns').click();
    const doIt = button('Disconnect 101 clients');
    await page.getByLabel('These are many. Type their number: 101').fill('100');
    expect(await doIt.isEnabled()).toBe(false);
    await page.getByLabel('These are many. Type their number: 101').fill('101');
    await doIt.click();
    await Promise.all(many.map(({ closed }) => closed));
    await page.getByText(/all done in/).waitFor();

    const downloading = page.waitForEvent('download');
    await button('Save as CSV').click();
    const download = await downloading;
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(lines[0]).toBe('broker,clientid,action,outcome,status,code,message');
    expect(lines).toHaveLength(102);
    expect(lines).toContain('b,many-7,disconnect,done,200,,');

    const address = page.url();
    const other = await rig.open(address.slice(`${rig.service.url}/console/`.length));
    await other.page.getByRole('heading', { name: 'A call for 101 items' }).waitFor();
    await other.close();
  });

  it('does nothing when other clients match by now, says so, and can look again', async () => {
    const first = await device('c-1');
    await choose('clientid=c-*&connected=true');
    const { page } = console;
    await row('c-1').waitFor();
    await chooseAllListed();
    await button('Disconnect…').click();
    await button('See whom it concerns').click();
    const doIt = button('Disconnect 1 client');
    await doIt.waitFor();
    const second = await device('c-2');
    await doIt.click();
    await page.getByText('Nothing was done.').waitFor();
    expect([first, second].every(({ mqtt }) => mqtt.connected)).toBe(true);
    await button('Look again').click();
    await button('Disconnect 2 clients').click();
    await Promise.all([first.closed, second.closed]);
    await page.getByText(/all done in/).waitFor();
  });

  it('says of each what failed, and retries those alone', async () => {
    const here = await device('r-1');
    const gone = await device('r-2');
    await choose('clientid=r-*&connected=true', 'r-1', 'r-2');
    await gone.end();
    await act('Disconnect');
    await here.closed;
    await console.page.getByText('1 not done').waitFor();
    expect(await row('r-2').innerText()).toMatch(/no client|not connected/i);
    const back = await device('r-2');
    await button('Retry the 1 that were not done…').click();
    await button('See whom it concerns').click();
    await button('Disconnect 1 client').click();
    await back.closed;
    await console.page.getByText(/all done in/).waitFor();
  });

  it('counts a client that a move left on both topics when it was stopped, and one whose turn never came, as not done', async () => {
    // Long enough that a slow machine comes to press the button.
    const ids = Array.from({ length: 9 }, (_, at) => `m-${at}`);
    await Promise.all(ids.map(device));
    await choose('clientid=m-*', ...ids);
    await act('Move', async () => {
      await console.page.getByLabel('From the topic filter').fill('old');
      await console.page.getByLabel('To the topic filter').fill('new');
      await console.page.getByLabel('At most so many a second').fill('1');
    });
    await row('subscribed').first().waitFor();
    await button('Stop').click();
    await button('Retry the 9 that were not done…').waitFor();
    expect(await row('unsubscribed').count()).toBe(0);
  });

  it('forgets what was begun here when somebody signs out', async () => {
    await device('f-1');
    await choose('clientid=f-*', 'f-1');
    await act('Disconnect');
    await console.page.getByText(/all done in/).waitFor();
    await console.page.goBack();
    await console.page.goForward();
    await row('f-1').waitFor();
    await console.page.locator('summary').filter({ hasText: 'admin' }).click();
    await button('Sign out').click();
    await console.page.getByLabel('Token').fill(TOKENS.viewer);
    await button('Sign in').click();
    await console.page.getByText('Not for your role').waitFor();
    await console.page.getByRole('navigation').getByText('Clients').click();
    await console.page.getByRole('heading', { name: 'Clients' }).waitFor();
  });

  it('shows the same as a command line and as a curl line that does what it says', async () => {
    const target = await device('l-1');
    await choose('clientid=l-1&connected=true');
    const { page } = console;
    await row('l-1').waitFor();
    await chooseAllListed();
    await button('Disconnect…').click();
    await button('See whom it concerns').click();
    await page.getByText('The same from a terminal').click();
    const shown = page.locator('.line pre');
    await shown.getByText('client-control kick --project p -b b --clientid l-1 --connected yes').waitFor();
    await button('curl').click();
    await shown.getByText('curl -X POST').waitFor();
    const curl = await shown.innerText();
    expect(curl).not.toContain(TOKENS.admin);
    const body = JSON.parse(/-d '(.*)'$/s.exec(curl)?.[1] ?? '') as object;
    expect((await api('POST', 'client-control/bulk', body)).status).toBe(200);
    await target.closed;
  });

  it('shows how far it is, warns before the page closes, and sends nothing more after Stop', async () => {
    console = await rig.open('projects/p/clients?broker=pro');
    const { page } = console;
    await page.getByText('300', { exact: true }).waitFor();
    await chooseAllListed();
    await button('Disconnect…').click();
    await page.getByLabel('At most so many a second').fill('10');
    await button('See whom it concerns').click();
    await page.getByLabel(/Type their number/).fill('300');
    await button('Disconnect 300 clients').click();
    await page.getByRole('progressbar').waitFor();
    await page.getByText(/a second/).waitFor();
    await page.getByText(/ left$/).waitFor();
    expect(await console.accessibilityProblems()).toEqual([]);

    const asked = page.waitForEvent('dialog');
    void page.evaluate('location.reload()');
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();

    await button('Stop').click();
    await page.getByText(/nothing was told|not done/).waitFor();
    const sent = () => slow.commands.filter(({ command }) => command === 'disconnectClient').length;
    await until(async () => {
      const before = sent();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return sent() === before;
    }, 'the broker gets nothing more');
    expect(sent()).toBeGreaterThan(0);
    expect(sent()).toBeLessThan(300);
  });

  it('greys what the broker cannot do, with why', async () => {
    console = await rig.open('projects/p/clients?broker=pro');
    const { page } = console;
    await page.getByRole('checkbox', { name: 'Choose slow-1', exact: true }).check();
    const ban = page.getByRole('button', { name: /^Ban…/ });
    expect(await ban.getAttribute('aria-disabled')).toBe('true');
    expect(await ban.getAttribute('title')).toContain('companion plugin');
    expect(await page.getByRole('button', { name: /^Disconnect…/ }).getAttribute('aria-disabled')).not.toBe(
      'true',
    );
  });
});
