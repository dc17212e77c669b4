import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ClientIdField, EpochMsField, FlagField, IntegerField } from '../../fields/mqtt-fields.decorator.js';
import { watchReconnect, type WatchResult } from './client-sight.js';
import type { Operation } from './operation.js';

const MAX_WATCH_MS = 30_000;

/** Body of `disconnect`. */
export class DisconnectClientDto {
  @ClientIdField()
  readonly clientid!: string;

  @FlagField("Do not publish the client's will.", { default: false, example: false })
  readonly preventWillMessage?: boolean;

  @FlagField(
    'Remove its persistent session, too. Then a session that is stored but not connected is a success as well.',
    { default: false, example: false },
  )
  readonly cleanSession?: boolean;

  @EpochMsField(
    'Only the connection that began then, as `lastConnect` shows it: a retry never ends a newer one, which gets 412 `CLIENT_RECONNECTED`.',
  )
  readonly ifConnectedSince?: number;

  @IntegerField(
    'Then watch for so many milliseconds whether the client comes back. Holds the answer back.',
    1,
    MAX_WATCH_MS,
  )
  readonly watchMs?: number;
}

/** That a client came back, for the OpenAPI document. */
export class ReconnectedDto {
  @ApiProperty({ description: 'Milliseconds from the disconnect.', type: 'integer', example: 812 })
  readonly afterMs!: number;

  @ApiProperty({
    description: 'Epoch milliseconds; null where the broker does not tell.',
    type: 'integer',
    nullable: true,
    example: 1795435200000,
  })
  readonly lastConnect!: number | null;
}

/** Answer of `disconnect`, for the OpenAPI document. */
export class DisconnectAnswer {
  @ApiPropertyOptional({
    description: 'With `watchMs` only: when the client came back; null if it did not.',
    type: ReconnectedDto,
    nullable: true,
  })
  readonly reconnected?: ReconnectedDto | null;

  @ApiPropertyOptional({
    description: 'Only if the watch ended early, because the service stops or the broker was lost.',
    type: 'integer',
    example: 1200,
  })
  readonly watchedMs?: number;
}

/** Ends a client's connection. It may connect again. */
export const disconnect: Operation<DisconnectClientDto> = {
  action: 'disconnect',
  body: DisconnectClientDto,
  operationId: 'disconnectClient',
  summary: 'Disconnect a client',
  example: { clientid: 'sensor-1' },
  success: { status: 200, description: 'The broker disconnected the client.', body: DisconnectAnswer },
  errors: ['CLIENT_RECONNECTED', 'NOT_SUPPORTED_BY_BROKER'],
  singleOnly: ['watchMs'],
  feature: 'disconnect',
  command: ({ clientid }) => ({ command: 'disconnectClient', clientid }),
  extras: ({ preventWillMessage, cleanSession, ifConnectedSince }) => ({
    ...(preventWillMessage === true && { withWill: false }),
    ...(cleanSession === true && { cleanSession }),
    ...(ifConnectedSince !== undefined && { ifConnectedSince }),
  }),
  missing: (
    { preventWillMessage, cleanSession, ifConnectedSince, watchMs },
    { extension, clientInspect },
  ) => {
    const can = extension?.features;
    if (preventWillMessage === true && can?.preventWill !== true) return 'preventWill';
    if (cleanSession === true && can?.purge !== true) return 'purge';
    if (ifConnectedSince !== undefined && can?.ifConnectedSince !== true) return 'ifConnectedSince';
    const canLook = can?.inspect === true || clientInspect === 'available';
    return watchMs !== undefined && !canLook ? 'watch' : undefined;
  },
  afterwards: ({ watchMs }, { connectedSince }, client): Promise<WatchResult | object> =>
    watchMs === undefined ? Promise.resolve({}) : watchReconnect(client, watchMs, connectedSince),
};
