import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { TcpSwitch } from '../support/tcp-switch.js';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';

const PAGES = ['brokers', 'clients', 'clients?open=p/b/sensor-1', 'bans', 'standing', 'audit', 'events'];

describe('the pages of the console', () => {
  let rig: ConsoleRig;
  let console: ConsolePage;
  beforeAll(async () => {
    // A second broker that is down: what the others say is shown all the same.
    const down = { id: 'down', url: `mqtt://127.0.0.1:${await freePort()}` };
    rig = await ConsoleRig.start('embedded', { brokers: [down] });
    const device = await rig.device('sensor-1');
    await device.mqtt.subscribeAsync('devices/sensor-1/commands');
    const admin = { token: 'admin-token-of-the-tests' };
    const broker = '/api/projects/p/brokers/b';
    await rig.service.request('POST', `${broker}/bans`, {
      ...admin,
      body: { as: 'username', who: 'x', until: null },
    });
    await rig.service.request('PUT', `${broker}/standing-subscriptions/commands`, {
      ...admin,
      body: { select: { clientid: 'sensor-*' }, topic: 'cmd/${clientid}' },
    });
  }, 60_000);
  afterAll(() => rig.stop());
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    await console.close();
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['dark', 360],
  ] as const)('can be used by everybody, as axe-core sees it: %s, %d px wide', async (colorScheme, width) => {
    console = await rig.open('projects/p/brokers', { colorScheme, width });
    const problems: Record<string, string[]> = {};
    for (const path of PAGES) {
      await console.goto(`projects/p/${path}`);
      await console.page.getByRole('heading', { level: 1 }).first().waitFor();
      await console.page.getByLabel('Loading').first().waitFor({ state: 'detached' });
      problems[path] = await console.accessibilityProblems();
      expect(await console.scrollsSideways()).toBe(false);
    }
    expect(problems).toEqual(Object.fromEntries(PAGES.map((path) => [path, []])));
  });

  it.each(['bans', 'standing'])(
    '%s: names the broker that did not answer, and shows what the others said',
    async (path) => {
      console = await rig.open(`projects/p/${path}`);
      await console.page.getByText('down did not answer').waitFor();
      await console.page.getByRole('row').nth(1).waitFor();
    },
  );

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
