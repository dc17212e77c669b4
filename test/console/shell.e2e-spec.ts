import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ConsolePage } from './support/console-page.js';
import { ConsoleRig } from './support/console-rig.js';

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
    rig = await ConsoleRig.start();
  }, 60_000);
  afterAll(() => rig.stop());
  afterEach(async () => {
    expect(console.takeComplaints()).toEqual([]);
    await console.close();
  });

  it('signs in with the token of the address, which is in the address no longer', async () => {
    console = await rig.open();
    await console.page.getByRole('navigation').getByText('Brokers').waitFor();
    expect(new URL(console.page.url()).hash).toBe('');
    expect(console.page.url()).toBe(`${rig.service.url}/console/projects/p/brokers`);
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
});
