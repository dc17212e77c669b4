import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

import { freePort } from '../../support/free-port.js';
import { passwordFile } from '../../support/password-file.js';
import type { MosquittoVersion } from './plugin-target.js';

/** The username that the tests' brokers let control. */
export const GATEWAY = 'gateway';

/** Every username that the brokers know; who uses another one is not let in. They all have this password. */
const USERNAMES = [GATEWAY, 'stranger', 'somebody', 'restricted', 'one', 'two', 'u1', 'u2'];
export const PASSWORD = 'password of the tests';

export interface PluginBrokerOptions {
  /** Which Mosquitto it is; 2.0 has to be told to watch logins. */
  readonly version?: MosquittoVersion;
  readonly binary: string;
  readonly library: string;
  /** plugin_opt_* lines, without the prefix; the default lets GATEWAY control all clients. `{port}` and `{second}` are the listeners'. */
  readonly pluginOptions?: readonly string[];
  /** `plugin` or `global_plugin`; default `plugin`. */
  readonly directive?: string;
  /** Lines that have to come before the listeners. */
  readonly globalConfig?: readonly string[];
  /** Lines of the first listener, in place of those that let in anonymous clients and {@link USERNAMES}. */
  readonly listener?: readonly string[];
  /** Lines of a second listener, in place of none. */
  readonly secondListener?: readonly string[];
  /** More lines of mosquitto.conf, after the listener and before the plugin. `{dir}` is a folder of the broker's own. */
  readonly config?: readonly string[];
  /** The same after the plugin: other plugins that are loaded later. */
  readonly configAfter?: readonly string[];
  /** Files to put into that folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Also listen for WebSocket connections. */
  readonly webSocket?: boolean;
}

/** Options of MQTT.js, and by which listener to connect. A username may be undefined: none. */
export type ClientOptions = Omit<IClientOptions, 'username'> & {
  readonly username?: string | undefined;
  readonly webSocket?: boolean;
  /** By the second listener. */
  readonly second?: boolean;
  /** With TLS. */
  readonly secure?: boolean;
};

/** A real Mosquitto with the plugin on a free port. */
export class PluginBroker {
  readonly #dir = mkdtempSync(join(tmpdir(), 'plugin-broker-'));
  readonly #options: PluginBrokerOptions;
  #process: ChildProcess | undefined;
  #clients: MqttClient[] = [];
  #log = '';
  #logWaiters: (() => void)[] = [];
  #port = 0;
  #webSocketPort = 0;
  #secondPort = 0;

  constructor(options: PluginBrokerOptions) {
    this.#options = options;
  }

  /** Everything the broker has logged since it was made. */
  get log(): string {
    return this.#log;
  }

  /** Its folder, `{dir}` in the configuration. */
  get dir(): string {
    return this.#dir;
  }

  get port(): number {
    return this.#port;
  }

  get webSocketPort(): number {
    return this.#webSocketPort;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Resident memory in KiB. */
  get residentKiB(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  /** Time of a processor that it has taken so far, in milliseconds: that does not depend on what else the machine does. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const [user = '', system = ''] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12);
    // In hundredths of a second (proc_pid_stat(5), USER_HZ).
    return 10 * (Number(user) + Number(system));
  }

  /** Starts the broker and waits until it runs; throws with its log if it ends instead. */
  async start(): Promise<this> {
    const {
      binary,
      library,
      globalConfig = [],
      config = [],
      configAfter = [],
      files = {},
      version = '2.1',
      pluginOptions = [`allow_username ${GATEWAY}`, ...(version === '2.1' ? [] : ['track_clients true'])],
    } = this.#options;
    this.#port ||= await freePort();
    this.#webSocketPort ||= this.#options.webSocket ? await freePort() : 0;
    this.#secondPort ||= this.#options.secondListener ? await freePort() : 0;
    const passwords = passwordFile(Object.fromEntries(USERNAMES.map((name) => [name, PASSWORD])));
    for (const [name, content] of Object.entries({ passwords, ...files })) {
      writeFileSync(join(this.#dir, name), content, { mode: 0o600 });
    }
    const access = ['allow_anonymous true', 'password_file {dir}/passwords'];
    const lines = [
      ...globalConfig,
      `listener ${this.#port} 127.0.0.1`,
      ...(this.#options.listener ?? access),
      ...(this.#webSocketPort
        ? [
            `listener ${this.#webSocketPort} 127.0.0.1`,
            'protocol websockets',
            ...(globalConfig.includes('per_listener_settings true') ? access : []),
          ]
        : []),
      ...(this.#options.secondListener
        ? [`listener ${this.#secondPort} 127.0.0.1`, ...this.#options.secondListener]
        : []),
      // The default user could not read the test's files.
      'user root',
      ...config,
      `${this.#options.directive ?? 'plugin'} ${library}`,
      ...pluginOptions.map((line) => `plugin_opt_${line}`),
      ...configAfter,
    ];
    const configFile = join(this.#dir, 'mosquitto.conf');
    const places = { dir: this.#dir, port: String(this.#port), second: String(this.#secondPort) };
    const text = lines
      .join('\n')
      .replaceAll(/\{(dir|port|second)\}/g, (_, name: keyof typeof places) => places[name]);
    writeFileSync(configFile, `${text}\n`);

    const logBefore = this.#log.length;
    const child = spawn(binary, ['-c', configFile], {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
      this.#logWaiters.splice(0).forEach((wake) => wake());
    });
    child.once('close', () => this.#logWaiters.splice(0).forEach((wake) => wake()));
    await this.waitForLog(/mosquitto version \S+ running/, logBefore);
    return this;
  }

  /** Waits until the log matches, from a position on; throws if the broker ends first. */
  async waitForLog(pattern: RegExp, from = 0): Promise<void> {
    while (!pattern.test(this.#log.slice(from))) {
      if (this.#process?.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`the broker ended, status ${this.#process?.exitCode}:\n${this.#log}`);
      }
      await new Promise<void>((wake) => this.#logWaiters.push(wake));
    }
  }

  /** Runs the broker until it ends by itself and gives its exit status. */
  async runToEnd(): Promise<number | null> {
    await this.start().catch(() => undefined);
    return this.#exit(this.#process?.exitCode === null && this.#process.signalCode === null);
  }

  /** Connects a client that is closed with the broker. */
  async connect(options: ClientOptions = {}): Promise<MqttClient> {
    const { webSocket = false, second = false, secure = false, username, ...rest } = options;
    const tcpPort = second ? this.#secondPort : this.#port;
    const url = webSocket
      ? `ws://127.0.0.1:${this.#webSocketPort}`
      : `${secure ? 'mqtts' : 'mqtt'}://127.0.0.1:${tcpPort}`;
    const client = await mqtt.connectAsync(
      url,
      {
        protocolVersion: 5,
        reconnectPeriod: 0,
        ...(username === undefined ? {} : { username, password: PASSWORD }),
        ...rest,
      },
      false,
    );
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }

  /** Ends the broker by SIGTERM and gives its exit status; its folder stays, so it can start again. */
  async shutDown(): Promise<number | null> {
    this.#clients.splice(0).forEach((client) => client.end(true));
    return this.#exit(true);
  }

  /** Ends the broker by SIGKILL, as a crash would; its folder stays, so it can start again. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.shutDown();
  }

  /** Ends the broker and removes what it leaves. */
  async stop(): Promise<number | null> {
    const status = await this.shutDown();
    rmSync(this.#dir, { recursive: true, force: true });
    return status;
  }

  async #exit(kill: boolean): Promise<number | null> {
    const child = this.#process;
    if (child?.exitCode === null && child.signalCode === null) {
      if (kill) {
        child.kill('SIGTERM');
      }
      await once(child, 'close');
    }
    return child?.exitCode ?? null;
  }
}
