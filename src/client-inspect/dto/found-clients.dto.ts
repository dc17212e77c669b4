import { ApiProperty } from '@nestjs/swagger';
import { ERROR_CODES } from '../../errors/error-codes.js';
import { ClientInfo } from './client-info.dto.js';

/** A client and where it is, for the OpenAPI document. */
export class FoundClientInfo extends ClientInfo {
  @ApiProperty({ example: 'demo' })
  readonly project!: string;

  @ApiProperty({ example: 'embedded' })
  readonly broker!: string;
}

/** A broker that did not answer, for the OpenAPI document. */
export class NotAnsweredBroker {
  @ApiProperty({ example: 'demo' })
  readonly project!: string;

  @ApiProperty({ example: 'line-2' })
  readonly broker!: string;

  @ApiProperty({
    description: 'The error code.',
    enum: Object.keys(ERROR_CODES),
    enumName: 'ErrorCode',
    example: 'BROKER_UNAVAILABLE',
  })
  readonly code!: string;

  @ApiProperty({ example: 'The broker is not connected' })
  readonly message!: string;
}

/** Answer of a search, for the OpenAPI document. */
export class FoundClients {
  @ApiProperty({ type: [FoundClientInfo] })
  readonly clients!: readonly object[];

  @ApiProperty({
    description: 'Brokers that were asked and did not answer. Their clients are not in the list.',
    type: [NotAnsweredBroker],
    example: [],
  })
  readonly notAnswered!: readonly NotAnsweredBroker[];

  @ApiProperty({ description: 'Whether there are more; then `X-Next-Cursor` leads to them.', example: false })
  readonly truncated!: boolean;
}
