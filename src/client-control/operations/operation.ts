import type { ClassConstructor } from 'class-transformer';
import type { ControlAction } from '../../access/actions.js';
import type { Role } from '../../access/role.js';
import type { BrokerCapabilities } from '../../broker-gateway/broker-gateway.js';
import type { CommandData, ControlCommand } from '../../broker-gateway/protocol/control-protocol.js';
import type { ExtensionFeature } from '../../broker-gateway/protocol/extension.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import type { JsonObject } from '../../json/json.js';
import type { ClientSight } from './client-sight.js';

/** What every operation's body has, and what the logs and the audit trail take from it. */
export interface OperationBody {
  readonly clientid: string;
  readonly topic?: string;
}

/** How an operation that succeeded is answered: with an object, or with nothing at all. */
export interface OperationSuccess {
  readonly status: 200 | 204;
  readonly description: string;
  /** Class of the answer's body; `{}` without one. */
  readonly body?: ClassConstructor<object>;
  /** Headers that the answer may have, with their documentation. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
}

/** What a success has to add. */
export interface Remark {
  /** Headers of the answer to a single call. */
  readonly headers: Readonly<Record<string, string>>;
  /** Fields of its item in a call for many clients. */
  readonly fields: JsonObject;
}

/**
 * One operation on a client, whole: who may do what with which command, and the words for it. Everything that the
 * service does around an operation (guards, self-protection, audit, metrics, OpenAPI, many at once) takes what it needs
 * from here.
 */
export interface Operation<Body extends OperationBody = OperationBody> {
  readonly action: ControlAction;
  /** A body that runs as it is, where the examples of all fields together would not. */
  readonly example?: object;
  /** Class of the body: its fields carry their rules and their documentation. */
  readonly body: ClassConstructor<Body>;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly success: OperationSuccess;
  /** The error codes it can end in beyond those of every operation. */
  readonly errors?: readonly ErrorCode[];
  /** Fields of the body that make sense for a single call only. */
  readonly singleOnly?: readonly string[];
  /** The role that this body takes, on the broker concerned. Without this rule, every editor may. */
  requiredRole?(body: Body): Role;
  /** The command of the Pro API, which is also that of our own endpoint, but for {@link extras}. */
  command(body: Body): ControlCommand;
  /** The feature of our own endpoint that does this; the command goes there where a broker has it. */
  readonly feature?: ExtensionFeature;
  /** Whether the Pro API would leave a part of it undone: then it waits until it is known whether the broker has our own endpoint. */
  isLessOverProApi?(broker: BrokerCapabilities): boolean;
  /** Fields of the command that only our own endpoint knows. */
  extras?(body: Body): JsonObject;
  /** The first thing that this body asks for and this broker cannot do. */
  missing?(body: Body, broker: BrokerCapabilities): string | undefined;
  /** What a success has to add. */
  remark?(data: CommandData): Remark | undefined;
  /** Goes on after the command succeeded; gives the body of the answer. */
  afterwards?(body: Body, data: CommandData, client: ClientSight): Promise<object>;
}
