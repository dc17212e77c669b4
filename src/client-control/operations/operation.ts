import type { ClassConstructor } from 'class-transformer';
import type { ControlAction } from '../../access/actions.js';
import type { Role } from '../../access/role.js';
import type { ControlCommand } from '../../broker-gateway/protocol/control-protocol.js';
import type { ErrorCode } from '../../errors/error-codes.js';

/** What every operation's body has, and what the logs and the audit trail take from it. */
export interface OperationBody {
  readonly clientid: string;
  readonly topic?: string;
}

/** How an operation that succeeded is answered: `{}`, or nothing at all. */
export interface OperationSuccess {
  readonly status: 200 | 204;
  readonly description: string;
}

/**
 * One operation on a client, whole: who may do what with which command, and the words for it. Everything that the
 * service does around an operation (guards, self-protection, audit, metrics, OpenAPI) takes what it needs from here.
 */
export interface Operation<Body extends OperationBody = OperationBody> {
  readonly action: ControlAction;
  /** Class of the body: its fields carry their rules and their documentation. */
  readonly body: ClassConstructor<Body>;
  readonly operationId: string;
  readonly summary: string;
  readonly success: OperationSuccess;
  /** The error codes it can end in beyond those of every operation. */
  readonly errors?: readonly ErrorCode[];
  /** The role that this body takes, on the broker concerned. Without this rule, every editor may. */
  requiredRole?(body: Body): Role;
  /** The command for the broker. */
  command(body: Body): ControlCommand;
}
