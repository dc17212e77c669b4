import { ClientIdField } from '../../fields/mqtt-fields.decorator.js';

/** Query of `getClient`. */
export class GetClientQuery {
  @ClientIdField('query')
  readonly clientid!: string;
}
