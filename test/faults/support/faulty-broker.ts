/** A broker of the suite: a real one, that tells what it executed. */
export interface FaultyBroker {
  readonly port: number;
  readonly protocolVersion: 4 | 5;
  readonly username: string;
  /** Whether {@link onExecuted} is called before the broker replies, not just soon. */
  readonly recordsBeforeReply: boolean;
  /** Called for each command that the broker executes, with its client id. */
  onExecuted: (clientId: string) => void;
  stop(): Promise<void>;
}
