import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { CHROMIUM } from '../support/chromium.js';
import { ServiceProcess } from '../support/service-process.js';

const DISCONNECT =
  '#operations-Client_control-disconnectClient, [id="operations-Client control-disconnectClient"]';

describe('the Swagger UI, in a browser', () => {
  const userData = mkdtempSync(join(tmpdir(), 'chromium-'));
  const foreign: string[] = [];
  const complaints: string[] = [];
  let service: ServiceProcess;
  let browser: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    service = ServiceProcess.spawn();
    const url = await service.url();
    await service.line(/^try it/);
    browser = await chromium.launchPersistentContext(userData, CHROMIUM);
    page = browser.pages()[0] ?? (await browser.newPage());
    page.on('request', (request) => {
      const target = new URL(request.url());
      if (target.protocol.startsWith('http') && target.origin !== url) foreign.push(request.url());
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${url}/api/docs`);
  }, 180_000);

  afterAll(async () => {
    await browser.close();
    await service.stop();
    rmSync(userData, { recursive: true, force: true });
  });

  const authorizeButton = () => page.locator('.auth-wrapper button.authorize');

  /** Runs the example of disconnectClient as it is, and returns the status and the body that the page shows. */
  async function execute(): Promise<{ status: string; body: string }> {
    const operation = page.locator(DISCONNECT);
    // A click that comes while the page is still being built may be lost, or fold the operation up again.
    const button = operation.locator('button.execute');
    for (let tries = 0; tries < 5 && !(await button.isVisible()); tries += 1) {
      await operation.locator('.opblock-summary').click();
      await button.waitFor({ timeout: 3000 }).catch(() => undefined);
    }
    // What an earlier run showed must not be taken for the answer of this one.
    const clear = operation.locator('button.btn-clear');
    if (await clear.isVisible()) await clear.click();
    await button.click();
    const live = operation.locator('.live-responses-table .response');
    await live.waitFor();
    return {
      status: (await live.locator('.response-col_status').first().innerText()).trim(),
      body: (await live.locator('.response-col_description pre').first().innerText()).trim(),
    };
  }

  it('shows the operations', async () => {
    await page.locator(DISCONNECT).waitFor();
    expect(await page.title()).toBe('MQTT Client Control');
  });

  it('answers 401 as long as no token was given', async () => {
    expect((await execute()).status).toMatch(/^401/);
    complaints.splice(0); // Chromium reports each 4xx on its console.
  });

  it('authorizes with the token, and disconnects a client with the example as it is', async () => {
    await authorizeButton().click();
    await page
      .locator('.modal-ux input[type=text], .modal-ux input[type=password]')
      .first()
      .fill('demo-token');
    await page.locator('.modal-ux button.authorize').click();
    await page.locator('.modal-ux button.btn-done').click();
    const { status, body } = await execute();
    expect(status).toMatch(/^200/);
    expect(body).toBe('{}');
  });

  it('remembers the token across a reload', async () => {
    await page.reload();
    await page.locator('.auth-wrapper button.authorize.locked').waitFor();
    expect((await execute()).status).toMatch(/^(200|404)/);
  });

  it('asks no other host for anything, and has nothing to complain about', () => {
    expect(foreign).toEqual([]);
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });
});
