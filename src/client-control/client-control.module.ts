import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BrokerClientsModule } from '../broker-clients/broker-clients.module.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { HttpModule } from '../http/http.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkExecutor } from './bulk/bulk-executor.js';
import { BulkMetrics } from './bulk/bulk-metrics.js';
import { BulkService } from './bulk/bulk.service.js';
import { ClientControlController } from './client-control.controller.js';
import { ClientControlService } from './client-control.service.js';
import { Idempotency } from './idempotency/idempotency.js';
import { MemoryKeys } from './idempotency/memory-keys.js';
import { RedisKeys } from './idempotency/redis-keys.js';

/** Disconnects, subscribes and unsubscribes clients, one or many: the feature this service exists for. */
@Module({
  imports: [
    RegistryModule,
    BrokerGatewayModule,
    BrokerClientsModule,
    AuditModule,
    HttpModule,
    MetricsModule,
    RateLimitModule,
  ],
  controllers: [ClientControlController, BulkController],
  providers: [
    ClientControlService,
    BulkService,
    BulkExecutor,
    BulkMetrics,
    Idempotency,
    MemoryKeys,
    RedisKeys,
  ],
})
export class ClientControlModule {}
