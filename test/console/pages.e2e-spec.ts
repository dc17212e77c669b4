import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import type { Device } from '../support/device.js';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';

/** Whether the broker lets a device of this id in. */
async function isLetIn(rig: ConsoleRig, clientId: string): Promise<boolean> {
  try {
    const device = await rig.device(clientId);
    await device.end();
    return true;
  } catch {
    return false;
  }
}

describe.each(['embedded', 'mosquitto'] as const)(
  'bans, standing subscriptions and one client in a browser, on %s',
  (kind) => {
    let rig: ConsoleRig;
    let console: ConsolePage;
    let devices: Device[] = [];
    beforeAll(async () => {
      rig = await ConsoleRig.start(kind);
    }, 60_000);
    afterAll(() => rig.stop());
    afterEach(async () => {
      expect(console.takeComplaints()).toEqual([]);
      await Promise.all([console.close(), ...devices.map((device) => device.end())]);
      devices = [];
    });

    const connect = async (clientId: string): Promise<Device> => {
      const device = await rig.device(clientId);
      devices.push(device);
      return device;
    };
    const open = async (path: string): Promise<void> => {
      console = await rig.open(`projects/p/${path}`);
    };
    const button = (name: string | RegExp, within?: Locator): Locator =>
      (within ?? console.page).getByRole('button', { name, exact: typeof name === 'string' });
    const dialog = (): Locator => console.page.getByRole('dialog');

    it('a ban that is made keeps the device out, and one that is lifted lets it in again', async () => {
      const device = await connect('kept-out');
      await open('bans');
      await button('New ban…').click();
      await dialog().getByLabel('Who').fill('kept-*');
      await dialog().getByText('1 client matches now').waitFor();
      await dialog().getByLabel('Reason').fill('compromised firmware');
      await button('Ban', dialog()).click();
      await dialog().getByText('keeps them out; 1 disconnected').waitFor();
      await device.closed;
      expect(await isLetIn(rig, 'kept-out')).toBe(false);

      await button('Close', dialog().locator('footer')).click();
      const row = console.page.getByRole('row').filter({ hasText: 'kept-*' });
      await row.getByText('compromised firmware').waitFor();
      await row.getByText('when it is lifted').waitFor();

      await button('Change…', row).click();
      await dialog().getByLabel('How long').selectOption('hour');
      await button('Change the ban', dialog()).click();
      await dialog().getByText('keeps them out').waitFor();
      await button('Close', dialog().locator('footer')).click();
      await row.getByText(/in (59|60) min|in 1 h/).waitFor();

      await button('Lift…', row).click();
      await button('Lift the ban', dialog()).click();
      await row.waitFor({ state: 'detached' });
      expect(await isLetIn(rig, 'kept-out')).toBe(true);
    });

    it('a standing subscription reaches the devices that are there and those that come, until it is lifted', async () => {
      const first = await connect('gw-1');
      await open('standing');
      await button('New standing subscription…').click();
      await dialog().getByLabel('Name', { exact: true }).fill('commands');
      await dialog().getByLabel('Client ids like').fill('gw-*');
      await dialog().getByLabel('Topic filter').fill('cmd/${clientid}');
      await dialog().getByText('1 client matches now').waitFor();
      await button('Subscribe them', dialog()).click();
      await dialog().getByText('1 client has it now.').waitFor();
      await button('Close', dialog().locator('footer')).click();
      const second = await connect('gw-2');
      await first.publish('cmd/gw-2', 'to the second');
      await second.message('to the second');

      const row = console.page.getByRole('row').filter({ hasText: 'commands' });
      await button('Lift…', row).click();
      await dialog().getByRole('checkbox').check();
      await button('Lift it', dialog()).click();
      await row.waitFor({ state: 'detached' });
      const heard = second.messages.length;
      await first.publish('cmd/gw-2', 'after it was lifted');
      await second.mqtt.subscribeAsync('fence');
      await first.publish('fence', 'fence');
      await second.message('fence');
      expect(second.messages.slice(heard).map(({ payload }) => payload)).toEqual(['fence']);
    });

    it('one client: who made its subscriptions; one is added and one taken away, as the device notices', async () => {
      const device = await connect('sensor-1');
      await device.mqtt.subscribeAsync('own/topic', { qos: 1 });
      await open('clients?open=p/b/sensor-1');
      const drawer = console.page.getByRole('complementary', { name: 'Client sensor-1' });
      await drawer.getByText('by the client').waitFor();
      await drawer.getByLabel('Topic filter to subscribe it to').fill('added/#');
      await button('Subscribe', drawer).click();
      await drawer.getByText('by this service').waitFor();
      await device.publish('added/x', 'hello');
      await device.message('hello');

      await button('Remove the subscription own/topic', drawer).click();
      await button('Remove it', drawer).click();
      await button('Remove the subscription own/topic', drawer).waitFor({ state: 'detached' });
      await device.publish('own/topic', 'not heard');
      await device.publish('added/x', 'fence');
      await device.message('fence');
      expect(device.messages.map(({ payload }) => payload)).not.toContain('not heard');
      // Its audit trail, with a way to the record.
      await drawer.getByRole('link', { name: 'unsubscribe', exact: true }).first().waitFor();
    });

    it('one client: disconnected, it comes back, which is said, is banned, and let in again', async () => {
      const device = await connect('boomerang');
      await open('clients?open=p/b/boomerang');
      const drawer = console.page.getByRole('complementary', { name: 'Client boomerang' });
      await drawer.getByText('connected, since').waitFor();
      await button('Disconnect…', drawer).click();
      await button('Disconnect', dialog()).click();
      await device.closed;
      const again = await connect('boomerang');
      await dialog()
        .getByText(/It came back after \d/)
        .waitFor();
      await button('Ban it…', dialog()).click();
      await dialog().getByText('1 client matches now').waitFor();
      await button('Ban', dialog()).click();
      await again.closed;
      expect(await isLetIn(rig, 'boomerang')).toBe(false);
      await button('Close', dialog().locator('footer')).click();
      await drawer.getByText('it is banned').first().waitFor();

      await drawer.getByText('kept out by a ban of the client id boomerang').waitFor();
      await button('Lift…', drawer).click();
      await button('Lift the ban', dialog()).click();
      await drawer.getByText('kept out').waitFor({ state: 'detached' });
      expect(await isLetIn(rig, 'boomerang')).toBe(true);
    });

    it('events come as they happen, can be held still, and be narrowed', async () => {
      await open('events');
      const log = console.page.getByRole('grid');
      await rig.eventsArrive(console);
      await connect('loud-1');
      await log.getByText('loud-1').first().waitFor();
      await button('Hold still').click();
      await connect('loud-2');
      await button('Go on (1 new)').waitFor();
      expect(await log.getByText('loud-2').count()).toBe(0);
      await button('Go on (1 new)').click();
      await log.getByText('loud-2').first().waitFor();
      await console.page.getByLabel('Client id').fill('loud-?');
      await connect('quiet');
      await connect('loud-3');
      await log.getByText('loud-3').first().waitFor();
      expect(await log.getByText('quiet').count()).toBe(0);
      expect(console.page.url()).toContain('clientid=loud-%3F');
    });
  },
);
