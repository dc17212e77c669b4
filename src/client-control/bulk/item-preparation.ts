import { CONTROL_ACTIONS, type ControlAction } from '../../access/actions.js';
import { isAllowed, type Caller } from '../../access/caller.js';
import { notAllowed } from '../../access/not-allowed.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { validDto } from '../../http/body/valid-dto.js';
import { toDto } from '../../http/body/validating.pipe.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';
import { OPERATIONS } from '../operations/operations.js';
import { refused, type BulkItem, type ReadyItem } from './bulk-item.js';
import type { RawItem } from './item-reader.js';

/** Names all brokers of the project: wherever the client is. */
const ANY_BROKER = '*';

/** Fields of an item that are not those of its operation. */
const ON_BROKER: ReadonlySet<string> = new Set(['action']);
const OVER_PROJECT: ReadonlySet<string> = new Set(['action', 'broker']);

/** What may be said of an item that cannot be read, in the answer and in the audit trail. */
const MAX_ECHO_CHARACTERS = 1000;

/** Where a call's items may act, and on whose behalf. */
export interface CallScope {
  readonly caller: Caller;
  readonly project: string;
  /** The broker of a call on one broker; undefined where items name theirs. */
  readonly broker: BrokerRef | undefined;
  /** The project's brokers that the caller may control, by id; all others are refused. */
  readonly brokers: ReadonlyMap<string, BrokerRef>;
  /** Whether a broker of this id is configured in the project. */
  isConfigured(brokerId: string): boolean;
}

/** Makes items of what callers send: each is checked as the body of a single call is, and a malformed one fails alone. */
export class ItemPreparation {
  readonly #scope: CallScope;
  readonly #isAdmin = new Map<string, boolean>();

  constructor(scope: CallScope) {
    this.#scope = scope;
  }

  prepare(raw: RawItem, index: number): BulkItem {
    const { broker } = this.#scope;
    if ('problem' in raw) return this.#refuse(index, {}, invalid([{ path: '', message: raw.problem }]));
    const { value } = raw;
    if (!isJsonObject(value)) {
      return this.#refuse(index, {}, invalid([{ path: '', message: 'must be a JSON object' }]));
    }
    try {
      if (broker !== undefined) return this.#ready(index, value, ON_BROKER, broker.brokerId, [broker]);
      return this.#ready(index, value, OVER_PROJECT, ...this.#target(value.broker));
    } catch (error) {
      if (error instanceof AppError) return this.#refuse(index, value, error);
      throw error;
    }
  }

  /** Makes an item of an action with its fields, for a client that is known to be on a broker. @throws {AppError} */
  ready(index: number, value: JsonObject, broker: BrokerRef): ReadyItem {
    return this.#ready(index, value, ON_BROKER, broker.brokerId, [broker]);
  }

  #ready(
    index: number,
    value: JsonObject,
    own: ReadonlySet<string>,
    brokerId: string,
    brokers: readonly BrokerRef[],
  ): ReadyItem {
    const { action } = value;
    if (!isAction(action)) throw invalid([{ path: 'action', message: ACTION_PROBLEM }]);
    const operation = OPERATIONS[action];
    const single = operation.singleOnly?.find((field) => Object.hasOwn(value, field));
    if (single !== undefined) throw invalid([{ path: single, message: 'is for single calls only' }]);
    const body = validDto(operation.body, value, own) ?? toDto(operation.body, without(own, value));
    const role = operation.requiredRole?.(body) ?? 'editor';
    // That the caller is an editor was asked when its brokers were looked up.
    const allowed = role === 'admin' ? brokers.filter((broker) => this.#mayAdminister(broker)) : brokers;
    if (allowed.length === 0) throw notAllowed({ role, project: this.#scope.project, broker: brokerId });
    const { clientid } = body;
    const [only, ...others] = allowed;
    // Where there is only one, that is where the client is, or is not.
    const broker = only !== undefined && others.length === 0 ? only.brokerId : brokerId;
    return { kind: 'ready', index, broker, clientid, action, operation, body, brokers: allowed };
  }

  #target(named: unknown): [string, readonly BrokerRef[]] {
    const { brokers, project } = this.#scope;
    if (typeof named !== 'string')
      throw invalid([{ path: 'broker', message: `must name a broker, or be "${ANY_BROKER}"` }]);
    if (named === ANY_BROKER) return [named, [...brokers.values()]];
    const broker = brokers.get(named);
    if (broker !== undefined) return [named, [broker]];
    if (
      !this.#scope.isConfigured(named) &&
      isAllowed(this.#scope.caller, { role: 'editor', project, broker: named })
    )
      throw new AppError('BROKER_NOT_FOUND', 'There is no such broker in this project', {
        broker: cut(named),
      });
    throw notAllowed({ role: 'editor', project, broker: cut(named) });
  }

  #mayAdminister({ projectId: project, brokerId: broker }: BrokerRef): boolean {
    let isAdmin = this.#isAdmin.get(broker);
    if (isAdmin === undefined) {
      isAdmin = isAllowed(this.#scope.caller, { role: 'admin', project, broker });
      this.#isAdmin.set(broker, isAdmin);
    }
    return isAdmin;
  }

  #refuse(index: number, value: JsonObject, error: AppError): BulkItem {
    const { clientid, action, broker, topic } = value;
    return {
      kind: 'refused',
      index,
      broker: this.#scope.broker?.brokerId ?? echo(broker),
      clientid: echo(clientid),
      action: echo(action),
      topic: echo(topic),
      ending: refused(error, 'failed'),
    };
  }
}

const ACTION_PROBLEM = `must be one of ${CONTROL_ACTIONS.join(', ')}`;

/** Whether a value names an action. */
export function isAction(value: unknown): value is ControlAction {
  return typeof value === 'string' && Object.hasOwn(OPERATIONS, value);
}

function without(names: ReadonlySet<string>, value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)));
}

function echo(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? cut(value) : undefined;
}

function cut(text: string): string {
  return text.length <= MAX_ECHO_CHARACTERS ? text : `${text.slice(0, MAX_ECHO_CHARACTERS)}…`;
}
