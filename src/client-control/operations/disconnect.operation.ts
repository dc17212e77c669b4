import { ClientIdField } from '../../fields/mqtt-fields.decorator.js';
import type { Operation } from './operation.js';

/** Body of `disconnect`. */
export class DisconnectClientDto {
  @ClientIdField()
  readonly clientid!: string;
}

/** Ends a client's connection. It may connect again. */
export const disconnect: Operation<DisconnectClientDto> = {
  action: 'disconnect',
  body: DisconnectClientDto,
  operationId: 'disconnectClient',
  summary: 'Disconnect a client',
  success: { status: 200, description: 'The broker disconnected the client.' },
  command: ({ clientid }) => ({ command: 'disconnectClient', clientid }),
};
