import { ScriptedBroker, type ArrivedCommand, type ArrivedMessage } from '../../support/scripted-broker.js';
import type { FaultyBroker } from './faulty-broker.js';

/** The scripted broker as one that executes: what its script runs is executed, and nothing else. */
export class ScriptedTarget implements FaultyBroker {
  readonly protocolVersion = 4;
  readonly username = 'gateway';
  readonly recordsBeforeReply = true;
  onExecuted: (clientId: string) => void = () => undefined;

  private constructor(readonly broker: ScriptedBroker) {
    this.answerAll();
  }

  static async start(): Promise<ScriptedTarget> {
    return new ScriptedTarget(await ScriptedBroker.start());
  }

  get port(): number {
    return this.broker.port;
  }

  /** Executes commands, and gives the response message that says so. */
  execute(commands: readonly ArrivedCommand[]): { readonly responses: readonly object[] } {
    const responses = commands.map(({ command, clientid, correlationData }) => {
      if (clientid.startsWith('lg-')) this.onExecuted(clientid);
      return { command, data: {}, correlationData };
    });
    return { responses };
  }

  /** The script: execute everything and answer at once. */
  answerAll(): void {
    this.broker.script = ({ commands, reply }) => reply(this.execute(commands));
  }

  /** Another script. */
  script(script: (message: ArrivedMessage) => void): void {
    this.broker.script = script;
  }

  async stop(): Promise<void> {
    await this.broker.stop();
  }
}
