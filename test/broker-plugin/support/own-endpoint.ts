import { type ControlClient, type ControlResponse, OWN } from './control-client.js';

/** Commands of our own endpoint. */
export class OwnEndpoint {
  constructor(readonly control: ControlClient) {}

  run(command: string, fields: Record<string, unknown> = {}): Promise<ControlResponse> {
    return this.control.command({ command, ...fields }, OWN);
  }

  /** Runs a command that must succeed. @returns its data */
  async ask<T = Record<string, unknown>>(command: string, fields: Record<string, unknown> = {}): Promise<T> {
    const { data, error } = await this.run(command, fields);
    if (data === undefined) throw new Error(`${command}: ${error}`);
    return data as T;
  }

  /** Runs a command that must fail. @returns its code */
  async codeOf(command: string, fields: Record<string, unknown> = {}): Promise<string | undefined> {
    const { data, code } = await this.run(command, fields);
    if (data !== undefined) throw new Error(`${command} succeeded`);
    return code;
  }

  ban(who: string, as = 'clientid', more: object = {}): Promise<Record<string, unknown>> {
    return this.ask('setBan', { as, who, until: null, ...more });
  }

  async bans(): Promise<string[]> {
    const { bans } = await this.ask<{ bans: { who: string }[] }>('listBans', { limit: 1000 });
    return bans.map(({ who }) => who);
  }
}
