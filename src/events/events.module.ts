import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { HttpModule } from '../http/http.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { EventHub } from './event-hub.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';

/** Live events: who comes and goes, what is done to whom, how the brokers are. */
@Module({
  imports: [AuthModule, BrokerGatewayModule, HttpModule, MetricsModule, RegistryModule],
  controllers: [EventsController],
  providers: [EventHub, EventsService],
  exports: [EventHub],
})
export class EventsModule {}
