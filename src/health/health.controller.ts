import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../access/public.decorator.js';
import { AppError } from '../errors/app-error.js';
import { Drain } from '../http/drain.js';
import { ApiErrors } from '../openapi/api-errors.decorator.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { Liveness, Readiness } from './health.dto.js';

/** For orchestrators: whether to restart the process, and whether to send it traffic. Outside `/api`, open to everybody. */
@ApiTags('Health')
@Public()
@ApiErrors('METHOD_NOT_ALLOWED', 'INTERNAL_ERROR')
@Controller('health')
export class HealthController {
  readonly #drain: Drain;
  readonly #registry: ProjectRegistry;
  readonly #gateway: BrokerGateway;

  constructor(drain: Drain, registry: ProjectRegistry, gateway: BrokerGateway) {
    this.#drain = drain;
    this.#registry = registry;
    this.#gateway = gateway;
  }

  @Get('live')
  @ApiOperation({ operationId: 'getLiveness', summary: 'Whether the process works' })
  @ApiOkResponse({ type: Liveness, description: 'It does.' })
  live(): Liveness {
    return { status: 'live' };
  }

  /** Brokers that are down do not make the service unready: it serves the others, and answers honestly for these. */
  @Get('ready')
  @ApiErrors('SHUTTING_DOWN')
  @ApiOperation({ operationId: 'getReadiness', summary: 'Whether the service takes requests' })
  @ApiOkResponse({ type: Readiness, description: 'It does. Brokers that are not connected are listed.' })
  ready(): Readiness {
    if (this.#drain.isDraining) throw new AppError('SHUTTING_DOWN', 'The service is shutting down');
    const brokers = this.#registry.projects.flatMap(({ id: projectId, brokers }) =>
      brokers.map(({ id: brokerId }) => ({
        project: projectId,
        broker: brokerId,
        state: this.#gateway.status({ projectId, brokerId }).state,
      })),
    );
    return { status: 'ready', brokersDown: brokers.filter(({ state }) => state !== 'connected') };
  }
}
