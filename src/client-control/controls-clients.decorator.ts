import { applyDecorators } from '@nestjs/common';
import { Audited } from '../audit/audited.decorator.js';
import { AuthorizedOnBroker } from '../auth/authorized-on-broker.decorator.js';

/** A route that runs a command on a client: audited, for editors only, with every error that it can end in. */
export const ControlsClients = (): MethodDecorator & ClassDecorator =>
  applyDecorators(
    // First, so that refusals by the guards after it are audited too.
    Audited(),
    AuthorizedOnBroker(
      'editor',
      'SELF_DISCONNECT',
      'CLIENT_NOT_FOUND',
      'CLIENT_NOT_CONNECTED',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ),
  );
