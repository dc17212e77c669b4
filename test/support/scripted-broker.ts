import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Aedes, type Client } from 'aedes';
import {
  CONTROL_APIS,
  CONTROL_API_NAMES,
  type ControlApi,
} from '../../src/broker-gateway/protocol/control-api.js';

/** A command as it arrived. */
export interface ArrivedCommand {
  readonly command: string;
  readonly clientid: string;
  readonly correlationData: string;
  readonly [field: string]: unknown;
}

/** One request message as it arrived: its commands, and ways to answer. */
export interface ArrivedMessage {
  readonly api: ControlApi;
  readonly commands: readonly ArrivedCommand[];
  /** Answers every command with success. */
  readonly succeed: () => void;
  /** Publishes any payload on the response topic. */
  readonly reply: (payload: unknown) => void;
}

type Script = (message: ArrivedMessage) => void;

/** The commands with which the gateway finds out what a broker answers; see `api-probe.ts`. */
const isProbe = ({ command, clientid }: ArrivedCommand): boolean =>
  command === 'describe' || /-mcc-[0-9a-f]{24}(-nobody)?$/.test(clientid);

/** Has both Pro APIs, and no extension endpoint. */
const answerProbes: Script = ({ api, commands, reply, succeed }) => {
  if (api === 'extension') reply({ error: 'endpoint not available' });
  else if (api === 'clientInspect') succeed();
  else
    reply({
      responses: commands.map(({ command, correlationData }) => ({
        command,
        correlationData,
        error: 'Client not found',
      })),
    });
};

/** Answers the gateway's own questions as a broker whose extension endpoint has these features. */
export function describedBy(...features: readonly string[]): Script {
  const data = {
    plugin: 'test',
    broker: 'test',
    features: Object.fromEntries(features.map((feature) => [feature, true])),
  };
  return ({ api, commands, reply, succeed }) => {
    if (api !== 'extension') succeed();
    else
      reply({
        responses: commands.map(({ command, correlationData }) => ({ command, data, correlationData })),
      });
  };
}

/** A real MQTT 3.1.1 broker whose control API does what a test tells it to. */
export class ScriptedBroker {
  /** What to do with each request message. Default: answer with success. */
  script: Script = (message) => message.succeed();
  /** What to do with the gateway's own questions after a connect. Default: both Pro APIs are there. */
  probeScript: Script = answerProbes;
  /** Every request message that arrived, without the gateway's own questions. */
  readonly messages: ArrivedMessage[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly aedes: Aedes,
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(port = 0): Promise<ScriptedBroker> {
    const aedes = await Aedes.createBroker();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const broker = new ScriptedBroker(aedes, server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => {
      broker.#sockets.add(socket);
      socket.once('close', () => broker.#sockets.delete(socket));
      aedes.handle(socket);
    });
    aedes.authorizePublish = (_client: Client | null, _packet, done) => done(null);
    aedes.on('publish', ({ topic, payload }, client) => {
      const api = client === null ? undefined : apiOf(topic);
      if (api !== undefined) broker.#arrive(api, payload.toString());
    });
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** All commands that arrived, in order. */
  get commands(): ArrivedCommand[] {
    return this.messages.flatMap(({ commands }) => commands);
  }

  /** Publishes on an API's response topic. */
  publishReply(
    payload: unknown,
    options: { readonly retain?: boolean; readonly api?: ControlApi } = {},
  ): void {
    const { retain = false, api = 'clientControl' } = options;
    const isRaw = typeof payload === 'string' || Buffer.isBuffer(payload);
    this.aedes.publish(
      {
        cmd: 'publish',
        topic: CONTROL_APIS[api].responseTopic,
        payload: isRaw ? payload : JSON.stringify(payload),
        qos: 0,
        retain,
        dup: false,
      },
      () => undefined,
    );
  }

  /** Cuts every connection, without a goodbye. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends the broker. */
  async stop(): Promise<void> {
    this.cutConnections();
    await new Promise<void>((resolve) => this.aedes.close(() => resolve()));
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  #arrive(api: ControlApi, payload: string): void {
    const { commands } = JSON.parse(payload) as { readonly commands: readonly ArrivedCommand[] };
    const probes = commands.filter(isProbe);
    if (probes.length > 0) this.probeScript(this.#messageOf(api, probes));
    const others = commands.filter((command) => !isProbe(command));
    if (others.length === 0) return;
    const message = this.#messageOf(api, others);
    this.messages.push(message);
    this.script(message);
  }

  #messageOf(api: ControlApi, commands: readonly ArrivedCommand[]): ArrivedMessage {
    const reply = (answer: unknown): void => this.publishReply(answer, { api });
    return { api, commands, reply, succeed: () => reply(successFor(commands)) };
  }
}

/** A response message that answers every command with success. */
export function successFor(commands: readonly ArrivedCommand[]): object {
  return {
    responses: commands.map(({ command, correlationData }) => ({ command, data: {}, correlationData })),
  };
}

function apiOf(topic: string): ControlApi | undefined {
  return CONTROL_API_NAMES.find((api) => CONTROL_APIS[api].requestTopic === topic);
}
