// Takes the pictures of the console that the documents show: `npm run pictures [-- FOLDER]`.
// The service runs on its embedded default; what is seen is what a newcomer sees.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { chromium } from 'playwright-core';

const folder = process.argv[2] ?? 'docs/images';
mkdirSync(folder, { recursive: true });

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const service = spawn(process.execPath, ['dist/main.js'], {
  env: { ...process.env, PORT: String(port), LOG_LEVEL: 'info' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const api = `http://127.0.0.1:${port}/api/projects/demo/brokers/embedded`;
const call = async (method, path, body) => {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: 'Bearer demo-token', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox'],
});
try {
  for (let ready = false; !ready; await new Promise((resolve) => setTimeout(resolve, 200)))
    ready = await fetch(`http://127.0.0.1:${port}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
  const open = async (path, { width = 1280, height = 800, colorScheme = 'light' } = {}) => {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
      deviceScaleFactor: 1.5,
    });
    await page.goto(`http://127.0.0.1:${port}/console/${path}#token=demo-token`);
    await page.waitForLoadState('load');
    await page.waitForTimeout(1500);
    return page;
  };
  const take = async (page, name) => {
    await page.screenshot({ path: `${folder}/${name}.png` });
    await page.close();
    console.log(`${folder}/${name}.png`);
  };

  // What was done to one device, so that there is something to read about it.
  await call('PUT', '/client-control/subscribe', {
    clientid: 'gw-07',
    topic: 'alarms/#',
    qos: 1,
  });
  await call('PUT', '/client-control/disconnect', { clientid: 'gw-07' });
  await call('POST', '/bans', { as: 'clientid', who: 'gw-19', reason: 'stolen, ticket 4708' });
  await new Promise((resolve) => setTimeout(resolve, 3000));

  await take(
    await open('projects/demo/clients?username=vendor-x&open=demo/embedded/gw-07'),
    'console-client',
  );

  const acting = await open('projects/demo/clients?username=vendor-x');
  await acting.getByRole('checkbox').first().click();
  await acting.getByRole('button', { name: /^Disconnect/ }).click();
  await acting.getByLabel(/^Reason/).fill('maintenance window 4711');
  await acting.getByRole('button', { name: 'See whom it concerns' }).click();
  await acting.waitForTimeout(1200);
  await take(acting, 'console-act');

  await take(await open('projects/demo/clients', { colorScheme: 'dark' }), 'console-dark');
  await take(await open('projects/demo/clients', { width: 360, height: 720 }), 'console-narrow');
} finally {
  await browser.close();
  service.kill('SIGTERM');
  await once(service, 'exit');
}
