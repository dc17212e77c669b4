import { Readable } from 'node:stream';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { Public } from '../access/public.decorator.js';
import { ApiErrors } from '../openapi/api-errors.decorator.js';
import { MetricsRegistry } from './metrics-registry.js';

/** For Prometheus. Outside `/api`, open to everybody who can reach it: to be kept off the public network. */
@ApiTags('Metrics')
@Public()
@ApiErrors('METHOD_NOT_ALLOWED', 'INTERNAL_ERROR', 'SHUTTING_DOWN')
@Controller('metrics')
export class MetricsController {
  readonly #registry: MetricsRegistry;

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
  }

  @Get()
  @ApiOperation({ operationId: 'getMetrics', summary: 'The metrics in the Prometheus text format' })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'The metrics.',
    schema: { type: 'string', example: 'client_control_rate_limited_total{scope="credential"} 0\n' },
  })
  async metrics(): Promise<StreamableFile> {
    const chunks = Readable.from(await this.#registry.toChunks(), { objectMode: false });
    return new StreamableFile(chunks, { type: Registry.PROMETHEUS_CONTENT_TYPE });
  }
}
