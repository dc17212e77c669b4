import { execFileSync } from 'node:child_process';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM } from '../../support/chromium.js';
import { CONTROL_BROKERS, type ControlBroker } from '../../support/control-brokers.js';
import { Device } from '../../support/device.js';
import { TestService, TOKENS, type TestServiceOptions } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { ConsolePage, type PageOptions } from './console-page.js';

/** By index in {@link CONTROL_BROKERS}. */
const BROKERS = { embedded: 0, mosquitto: 1 } as const;

/**
 * A broker, the service on it as broker `b` of project `p`, and a browser for its console: one per test file, as starting
 * them takes seconds. The console is built where it is older than its source.
 */
export class ConsoleRig {
  private constructor(
    readonly broker: ControlBroker,
    readonly service: TestService,
    readonly browser: Browser,
  ) {}

  /** @param kind the embedded broker (MQTT 3.1.1), or Mosquitto 2.1 with the companion plugin (MQTT 5) */
  static async start(
    kind: keyof typeof BROKERS = 'embedded',
    { brokers = [], ...options }: TestServiceOptions = {},
  ): Promise<ConsoleRig> {
    execFileSync(process.execPath, ['scripts/build-console.mjs', '--if-stale']);
    const [, startBroker] = CONTROL_BROKERS[BROKERS[kind]] ?? [];
    if (startBroker === undefined) throw new Error(`no broker ${kind}`);
    const broker = await startBroker();
    const service = await TestService.start({
      ...options,
      config: { audit: { store: 'memory' }, ...options.config },
      brokers: [{ id: 'b', name: 'Line 1', ...broker.settings }, ...brokers],
    });
    const [browser] = await Promise.all([chromium.launch(CHROMIUM), service.brokerState('b')]);
    return new ConsoleRig(broker, service, browser);
  }

  /** Opens an address below `/console/` in a tab of its own, as an admin if nothing else is said. */
  async open(path = '', options: PageOptions = {}): Promise<ConsolePage> {
    const {
      token = TOKENS.admin,
      colorScheme = 'light',
      width = 1280,
      height = 800,
      at = this.service.url,
    } = options;
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
    });
    context.setDefaultTimeout(15_000);
    const console = new ConsolePage(context, await context.newPage(), at, options.friends);
    await console.goto(`${path}${token === '' ? '' : `#token=${token}`}`);
    return console;
  }

  /** A device on the broker. */
  device(
    clientId: string,
    options: { username?: string; password?: string; clean?: boolean } = {},
  ): Promise<Device> {
    const { url, protocolVersion } = this.broker;
    return Device.connect(url, { protocolVersion, clientId, ...options });
  }

  /** Waits until the log of a page shows who comes: the broker is asked for its events when the first one listens. */
  async eventsArrive({ page }: ConsolePage): Promise<void> {
    await until(async () => {
      const probe = await this.device('probe');
      await probe.end();
      return (await page.getByRole('grid').getByText('probe').count()) > 0;
    }, 'events arrive');
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.service.stop();
    await this.broker.stop();
  }
}
